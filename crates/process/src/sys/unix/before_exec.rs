//! What is done in the child between fork and exec.
//!
//! std starts a program by `posix_spawn` where it can, which does not copy the page tables of a large process; what is
//! asked for here makes it fork. So nothing of it is set up unless it is asked for.
//!
//! Invariant: between fork and exec only functions are called that POSIX calls async-signal-safe.

#![expect(unsafe_code, reason = "functions that run in the forked child")]

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;

use crate::command::Group;

type Hook = Box<dyn FnMut() -> io::Result<()> + Send + Sync>;

/// What systems other than Unix do not have.
#[derive(Default)]
pub(crate) struct Extra {
    pub(crate) uid: Option<u32>,
    pub(crate) gid: Option<u32>,
    pub(crate) groups: Option<Vec<u32>>,
    pub(crate) umask: Option<u32>,
    pub(crate) pass_fds: Vec<OwnedFd>,
    pub(crate) hooks: Vec<Hook>,
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extra")
            .field("uid", &self.uid)
            .field("gid", &self.gid)
            .field("groups", &self.groups)
            .field("umask", &self.umask)
            .field("pass_fds", &self.pass_fds)
            .finish_non_exhaustive()
    }
}

/// Tells the command what is asked for.
pub(crate) fn prepare(command: &mut std::process::Command, group: Group, extra: Extra) {
    let Extra {
        uid,
        gid,
        groups,
        umask,
        pass_fds,
        hooks,
    } = extra;
    match group {
        Group::Inherit | Group::Session => {}
        Group::Own => drop(command.process_group(0)),
        Group::Join(group) => drop(command.process_group(group)),
    }
    // std would set the user first, and then the groups could not be set any more.
    let identity = match groups {
        Some(groups) => Some((groups, gid, uid)),
        None => {
            gid.map(|gid| command.gid(gid));
            uid.map(|uid| command.uid(uid));
            None
        }
    };
    let session = group == Group::Session;
    if session || umask.is_some() || !pass_fds.is_empty() || identity.is_some() {
        let hook = move || {
            if session {
                rustix::process::setsid()?;
            }
            if let Some((groups, gid, uid)) = &identity {
                become_user(groups, *gid, *uid)?;
            }
            if let Some(umask) = umask {
                // SAFETY: the call has no preconditions.
                unsafe { libc::umask(umask as libc::mode_t) };
            }
            for fd in &pass_fds {
                rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())?;
            }
            Ok(())
        };
        // SAFETY: it makes system calls on what it owns, and neither allocates nor takes locks.
        unsafe { command.pre_exec(hook) };
    }
    for hook in hooks {
        // SAFETY: the caller of `Command::pre_exec` answers for it.
        unsafe { command.pre_exec(hook) };
    }
}

/// As the parent's environment of the child: groups, group, user, in this order.
fn become_user(groups: &[u32], gid: Option<u32>, uid: Option<u32>) -> io::Result<()> {
    let check = |result: libc::c_int| match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    };
    // SAFETY: a pointer to so many numbers.
    check(unsafe { libc::setgroups(groups.len() as _, groups.as_ptr().cast()) })?;
    if let Some(gid) = gid {
        // SAFETY: the call has no preconditions.
        check(unsafe { libc::setgid(gid) })?;
    }
    if let Some(uid) = uid {
        // SAFETY: the call has no preconditions.
        check(unsafe { libc::setuid(uid) })?;
    }
    Ok(())
}

impl Extra {
    /// Keeps a descriptor open in the child.
    pub(crate) fn pass(&mut self, fd: OwnedFd) {
        assert!(
            fd.as_raw_fd() > 2,
            "the standard streams have methods of their own"
        );
        self.pass_fds.push(fd);
    }
}
