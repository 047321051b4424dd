//! What of a `Command` there is on Unix alone.

#![expect(
    unsafe_code,
    reason = "a function that runs in the forked child is the caller's promise"
)]

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;

use super::{Command, Group};

impl Command {
    /// What the program sees as its own name, if not its path.
    pub fn arg0(mut self, name: impl AsRef<OsStr>) -> Command {
        self.std.arg0(name);
        self
    }

    /// The user as whom it runs, by number. Forks.
    pub fn uid(mut self, uid: u32) -> Command {
        self.extra.uid = Some(uid);
        self
    }

    /// The group as which it runs, by number. Forks.
    pub fn gid(mut self, gid: u32) -> Command {
        self.extra.gid = Some(gid);
        self
    }

    /// The further groups to which it belongs, by number. Forks.
    #[doc(alias = "extra_groups")]
    pub fn groups(mut self, groups: impl IntoIterator<Item = u32>) -> Command {
        self.extra.groups = Some(groups.into_iter().collect());
        self
    }

    /// The permissions that files it makes do not get. Forks.
    pub fn umask(mut self, mask: u32) -> Command {
        self.extra.umask = Some(mask);
        self
    }

    /// Lets the child lead a session of its own, without a terminal, and so a process group. Forks.
    #[doc(alias = "setsid")]
    pub fn start_new_session(mut self, new: bool) -> Command {
        self.group = if new { Group::Session } else { Group::Inherit };
        self
    }

    /// Puts the child into a process group that is there.
    pub fn join_process_group(mut self, group: i32) -> Command {
        self.group = Group::Join(group);
        self
    }

    /// Leaves a descriptor open in the child, under the number that it has here; in this process it is closed after the
    /// start. Forks.
    ///
    /// # Panics
    ///
    /// When it is one of the standard streams'.
    ///
    /// # Python
    ///
    /// One of `pass_fds`.
    #[doc(alias = "pass_fds")]
    pub fn pass_fd(mut self, fd: impl Into<OwnedFd>) -> Command {
        self.extra.pass(fd.into());
        self
    }

    /// Calls a function in the child before the program begins; several in their order, after all else that is set
    /// here. Forks.
    ///
    /// # Safety
    ///
    /// The child is a copy of this process with one thread: locks may be held by threads that are not there, so the
    /// function must not allocate, print, or call anything else that is not async-signal-safe; see
    /// [`std::os::unix::process::CommandExt::pre_exec`].
    ///
    /// # Python
    ///
    /// `preexec_fn`.
    #[doc(alias = "preexec_fn")]
    pub unsafe fn pre_exec(
        mut self,
        hook: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
    ) -> Command {
        self.extra.hooks.push(Box::new(hook));
        self
    }
}
