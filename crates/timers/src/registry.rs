//! Which drivers are open in this process, by their number; and the fallback driver.
//!
//! A sleep names its driver by number, because a counted pointer would cost two atomics per sleep. A thread that does
//! not serve that driver finds it here. Numbers are never used again, so a driver that is gone is simply not found.
//!
//! Each fork generation has a registry of its own: a lock of the parent's may be held, in the child, by a thread that
//! does not exist there. The child begins with an empty one, in which the drivers of the parent count as closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use asyncio_core::fork_generation;

use crate::fallback::Fallback;
use crate::shared::Shared;

struct Registry {
    generation: u32,
    drivers: Mutex<HashMap<u64, Weak<Shared>>>,
    fallback: Fallback,
    /// That of the forked child.
    next: OnceLock<Box<Registry>>,
}

/// 0 stands for "no driver".
static NEXT_ID: AtomicU64 = AtomicU64::new(1);
static FIRST: OnceLock<Registry> = OnceLock::new();

impl Registry {
    fn new(generation: u32) -> Registry {
        Registry {
            generation,
            drivers: Mutex::new(HashMap::new()),
            fallback: Fallback::new(),
            next: OnceLock::new(),
        }
    }

    fn drivers(&self) -> MutexGuard<'_, HashMap<u64, Weak<Shared>>> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn registry() -> &'static Registry {
    let generation = fork_generation();
    let mut registry = FIRST.get_or_init(|| Registry::new(generation));
    while registry.generation != generation {
        registry = registry.next.get_or_init(|| Box::new(Registry::new(generation)));
    }
    registry
}

pub(crate) fn new_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn add(driver: &Arc<Shared>) {
    registry().drivers().insert(driver.id(), Arc::downgrade(driver));
}

pub(crate) fn remove(id: u64) {
    registry().drivers().remove(&id);
}

/// The driver of this number, unless it is closed.
pub(crate) fn find(id: u64) -> Option<Arc<Shared>> {
    if id == 0 {
        return None;
    }
    let registry = registry();
    if let Some(fallback) = registry.fallback.started().filter(|fallback| fallback.id() == id) {
        return Some(Arc::clone(fallback));
    }
    registry.drivers().get(&id).and_then(Weak::upgrade)
}

/// The fallback driver, started when this is its first use. `None` when its thread cannot be started.
pub(crate) fn fallback() -> Option<Arc<Shared>> {
    registry().fallback.start()
}
