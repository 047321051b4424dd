//! Child processes, as a good user of each peer starts and reads them.

use std::future::Future;
use std::path::PathBuf;
use std::process::Stdio;

use asyncio::subprocess::{PIPE, create_subprocess_exec};
use smol::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};

use super::{Ours, Peer, Smol, TokioCt};

/// A loop with child processes.
pub trait Children: Peer {
    /// Runs a program without arguments to its end, which is a success.
    fn status(self, program: &'static str) -> impl Future<Output = ()> + 'static;

    /// Feeds `cat` and collects what it gives, at once.
    fn cat(self, input: Vec<u8>) -> impl Future<Output = Vec<u8>> + 'static;

    /// Counts the lines that a program prints.
    fn lines(self, program: PathBuf, args: [String; 2]) -> impl Future<Output = usize> + 'static;
}

impl Children for Ours {
    async fn status(self, program: &'static str) {
        let child = create_subprocess_exec(program, [""; 0]).await.unwrap();
        assert_eq!(child.wait().await.unwrap(), 0);
    }

    async fn cat(self, input: Vec<u8>) -> Vec<u8> {
        let mut child = create_subprocess_exec("cat", [""; 0])
            .stdin(PIPE)
            .stdout(PIPE)
            .await
            .unwrap();
        child.communicate(input).await.unwrap().0.unwrap()
    }

    async fn lines(self, program: PathBuf, args: [String; 2]) -> usize {
        let mut child = create_subprocess_exec(program, args).stdout(PIPE).await.unwrap();
        let mut reader = child.stdout.take().unwrap();
        let (mut line, mut lines) = (Vec::new(), 0);
        while reader.readline_into(&mut line).await.unwrap() != 0 {
            lines += 1;
            line.clear();
        }
        assert_eq!(child.wait().await.unwrap(), 0);
        lines
    }
}

/// tokio and smol have the same things under other names.
macro_rules! children_of {
    ($peer:ty, $command:path, $reader:path, $ended:ident) => {
        impl Children for $peer {
            async fn status(self, program: &'static str) {
                let mut child = <$command>::new(program).spawn().unwrap();
                assert!(child.$ended().await.unwrap().success());
            }

            async fn cat(self, input: Vec<u8>) -> Vec<u8> {
                let mut child = <$command>::new("cat")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
                let mut output = Vec::new();
                let feed = async move { stdin.write_all(&input).await.unwrap() };
                smol::future::zip(feed, async {
                    stdout.read_to_end(&mut output).await.unwrap()
                })
                .await;
                assert!(child.$ended().await.unwrap().success());
                output
            }

            async fn lines(self, program: PathBuf, args: [String; 2]) -> usize {
                let mut child = <$command>::new(program)
                    .args(args)
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let mut reader = <$reader>::with_capacity(64 * 1024, child.stdout.take().unwrap());
                let (mut line, mut lines) = (Vec::new(), 0);
                while reader.read_until(b'\n', &mut line).await.unwrap() != 0 {
                    lines += 1;
                    line.clear();
                }
                assert!(child.$ended().await.unwrap().success());
                lines
            }
        }
    };
}

children_of!(TokioCt, tokio::process::Command, tokio::io::BufReader<_>, wait);
children_of!(Smol, smol::process::Command, smol::io::BufReader<_>, status);
