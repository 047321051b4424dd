//! What the asyncio crates share.

mod beside;
pub mod blocking;
mod blocks;
mod call;
mod callback;
mod cell;
mod context;
mod foreign;
mod fork;
mod handle;
mod holders;
mod loop_queue;
mod members;
mod outcome;
mod part;
mod place;
mod pool_queue;
mod pool_slot;
mod raw_task;
mod registry;
mod remote;
mod report;
mod request;
mod slot;
mod slow;
mod sync;
mod table;
mod task_ref;
mod thread;
mod trace;
mod unclosed;
mod wait;
mod wake_list;
mod watch;

pub use beside::{Beside, of_loop, run_beside};
pub use callback::{
    CallRefusal, CallRefused, call_soon, call_soon_threadsafe, call_soon_threadsafe_in, delay_call,
};
pub use context::{
    Context, ContextEntered, ContextKey, ContextValue, current_context, current_context_or_new,
    current_value, inherit_context,
};
pub use foreign::{RunTask, foreign_task};
pub use fork::fork_generation;
pub use handle::{DelayedCall, Handle, ThreadSafeHandle};
pub use holders::{Holder, granted, holder_of, note_holder};
pub use loop_queue::{
    LoopQueue, Start, current_loop, home_loop, loop_tasks, spawn_local, spawn_made, starts_eagerly,
    stop_here, takes_tasks,
};
pub use members::{member_of, note_member};
pub use outcome::Outcome;
pub use part::{Part, spawn_part};
pub use place::QueueId;
pub use pool_queue::{Look, PoolQueue, Worker, on_pool_worker};
pub use pool_slot::{SpawnError, StartPool, enter_pool, pool_tasks, spawn};
pub use raw_task::RawTask;
pub use report::{
    ExceptionContext, ExceptionHandler, exception_handler, message_of, report, report_for, report_to_stderr,
    set_exception_handler,
};
pub use request::Request;
pub use slot::{Entered, Slot};
pub use table::TooManyQueues;
pub use task_ref::{CallbackId, TaskName, TaskRef};
pub use thread::{in_step, leave_loop, outside, scope_frame, take_running_request, with_scope_frame};
pub use unclosed::{Unclosed, is_debug, set_debug};
pub use wait::{Wait, WaitKind, current_task_id, task_of_waker, waits_for, waits_for_deadline};
pub use wake_list::WakeList;
pub use watch::{Glimpse, Running, is_watched, watched_step, watched_tasks};
