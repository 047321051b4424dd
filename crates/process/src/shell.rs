//! Programs for the shell.

use std::ffi::{OsStr, OsString};

use crate::command::Command;

/// A command line for the system's shell: `/bin/sh -c`, or `cmd.exe /C` on Windows.
///
/// The shell reads all of it as its language: what comes from elsewhere goes through [`shell_quote`] first, or better, goes
/// to [`create_subprocess_exec`](crate::create_subprocess_exec) as an argument. A signal reaches the shell alone, unless it
/// leads a group: see [`Command::process_group`].
///
/// # Python
///
/// `asyncio.create_subprocess_shell`.
///
/// # Examples
///
/// ```
/// use asyncio_process::{PIPE, create_subprocess_shell, shell_quote};
///
/// # futures_lite::future::block_on(async {
/// let name = shell_quote("it's; rm -rf *");
/// let line = format!("printf %s {} | wc -c", name.to_str().unwrap());
/// let mut child = create_subprocess_shell(line).stdout(PIPE).await?;
/// let (out, _) = child.communicate(None).await?;
/// assert_eq!(String::from_utf8(out.unwrap()).unwrap().trim(), "14");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn create_subprocess_shell(line: impl AsRef<OsStr>) -> Command {
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        // As Python: cmd.exe reads the rest of the line by rules of its own, which std's quoting does not know.
        let shell = std::env::var_os("ComSpec").unwrap_or_else(|| "cmd.exe".into());
        let mut command = std::process::Command::new(shell);
        command.raw_arg("/C \"").raw_arg(line).raw_arg("\"");
        command.into()
    }
    #[cfg(not(windows))]
    Command::new("/bin/sh").arg("-c").arg(line)
}

/// The text as one word of the shell's language: in single quotes where it needs them. For `/bin/sh`, not for
/// Windows's shell.
///
/// # Python
///
/// `shlex.quote`.
///
/// # Examples
///
/// ```
/// use asyncio_process::shell_quote;
///
/// assert_eq!(shell_quote("plain.txt"), "plain.txt");
/// assert_eq!(shell_quote("two words"), "'two words'");
/// assert_eq!(shell_quote("it's"), r"'it'\''s'");
/// assert_eq!(shell_quote(""), "''");
/// ```
#[doc(alias = "shlex.quote")]
pub fn shell_quote(text: impl AsRef<OsStr>) -> OsString {
    let text = text.as_ref();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(byte);
    let bytes = text.as_encoded_bytes();
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return text.to_owned();
    }
    quote(text)
}

#[cfg(unix)]
fn quote(text: &OsStr) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut quoted = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => quoted.extend_from_slice(br"'\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    OsString::from_vec(quoted)
}

#[cfg(not(unix))]
fn quote(text: &OsStr) -> OsString {
    let quoted = text.to_string_lossy().replace('\'', r"'\''");
    format!("'{quoted}'").into()
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use super::shell_quote;

    /// SUB-02.
    #[test]
    fn the_shell_reads_a_quoted_text_as_it_was() {
        let texts: [&[u8]; 8] = [
            b"",
            b"a b",
            b"$HOME `x` \"y\" \\",
            b"'''",
            b"-n",
            b"new\nline",
            b"\xff\xfe",
            b"~*?[!#&;|<>(){}",
        ];
        for text in texts {
            let text = OsStr::from_bytes(text);
            let mut line = OsStr::new("printf '<%s>' ").to_owned();
            line.push(shell_quote(text));
            let output = Command::new("/bin/sh").arg("-c").arg(line).output().unwrap();
            assert_eq!(output.stdout, [b"<", text.as_bytes(), b">"].concat());
        }
    }
}
