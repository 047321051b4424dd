//! The task factory of a loop, set by its owner or on its thread.

use asyncio_core::{CallRefusal, current_loop};
use asyncio_tasks::{FactorySlot, TaskFactory};

use crate::{EventLoop, LoopHandle};

impl EventLoop {
    /// Lets `factory` look at every task that is created on the loop from now on, or with `None` nobody.
    ///
    /// # Python
    ///
    /// `loop.set_task_factory`.
    pub fn set_task_factory(&self, factory: Option<TaskFactory>) {
        self.factory.set(factory);
    }

    /// The task factory, if there is one.
    ///
    /// # Python
    ///
    /// `loop.get_task_factory`.
    pub fn get_task_factory(&self) -> Option<TaskFactory> {
        self.factory.get()
    }
}

impl LoopHandle {
    /// Lets `factory` look at every task that is created on the loop from now on, or with `None` nobody.
    ///
    /// # Errors
    ///
    /// When the loop is not the one that runs on this thread.
    ///
    /// # Python
    ///
    /// `loop.set_task_factory`.
    pub fn set_task_factory(&self, factory: Option<TaskFactory>) -> Result<(), CallRefusal> {
        self.factory()?.set(factory);
        Ok(())
    }

    /// The task factory, if there is one.
    ///
    /// # Errors
    ///
    /// When the loop is not the one that runs on this thread.
    ///
    /// # Python
    ///
    /// `loop.get_task_factory`.
    pub fn get_task_factory(&self) -> Result<Option<TaskFactory>, CallRefusal> {
        Ok(self.factory()?.get())
    }

    fn factory(&self) -> Result<FactorySlot, CallRefusal> {
        if current_loop() != Some(self.queue()) {
            return Err(CallRefusal::WrongThread);
        }
        FactorySlot::current().ok_or(CallRefusal::WrongThread)
    }
}
