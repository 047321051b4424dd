//! `ContextVar`: a variable whose value belongs to the context of who looks at it.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context as PollContext, Poll};

use asyncio_core::{Context, ContextValue, current_context, current_context_or_new, current_value};
use pin_project_lite::pin_project;

/// A variable of which each context has a value of its own. Made by [`context_var!`](crate::context_var!).
///
/// A task begins with a copy of the context in which it was made, so what a task sets is seen by the tasks that it
/// starts afterwards, by what it runs with [`to_thread`](crate::to_thread), and by nobody else.
///
/// # Python
///
/// `contextvars.ContextVar`.
pub struct ContextVar<T: 'static> {
    name: &'static str,
    /// Made at the first use.
    default: Option<LazyLock<T>>,
    /// 0 until the first use.
    key: AtomicUsize,
}

/// A variable has neither a value nor a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupError {
    name: &'static str,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the context variable {} has no value here", self.name)
    }
}

impl Error for LookupError {}

/// What a variable was before it was set; to be given to [`ContextVar::reset`].
///
/// # Python
///
/// `contextvars.Token`.
#[must_use = "with it the variable can be reset; say `let _ =` if that is not meant"]
pub struct Token<T> {
    key: usize,
    context: Context,
    old: Option<ContextValue>,
    value: PhantomData<fn() -> T>,
}

/// A token was used for another variable or in another context than it was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenError(&'static str);

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for TokenError {}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    #[doc(hidden)]
    pub const fn new(name: &'static str, default: Option<fn() -> T>) -> ContextVar<T> {
        ContextVar {
            name,
            default: match default {
                Some(default) => Some(LazyLock::new(default)),
                None => None,
            },
            key: AtomicUsize::new(0),
        }
    }

    /// The variable's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value in the current context, or else the default.
    ///
    /// # Panics
    ///
    /// When there is neither; see [`try_get`](ContextVar::try_get).
    pub fn get(&self) -> T {
        match self.try_get() {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// The value in the current context, or else the default.
    ///
    /// # Errors
    ///
    /// When there is neither.
    pub fn try_get(&self) -> Result<T, LookupError> {
        let set = self.current();
        set.or_else(|| self.default.as_ref().map(|default| T::clone(default)))
            .ok_or(LookupError { name: self.name })
    }

    /// The value in the current context, or else `other`.
    pub fn get_or(&self, other: T) -> T {
        self.current().unwrap_or(other)
    }

    fn current(&self) -> Option<T> {
        current_value(self.key())?.downcast_ref::<T>().cloned()
    }

    /// The value in `context`, if it was set there.
    ///
    /// # Python
    ///
    /// `context.get(var)`.
    pub fn value_in(&self, context: &Context) -> Option<T> {
        let value = context.get_raw(self.key())?;
        value.downcast_ref::<T>().cloned()
    }

    /// Sets the value in the current context.
    pub fn set(&self, value: T) -> Token<T> {
        let context = current_context_or_new();
        let value: Arc<dyn Any + Send + Sync> = Arc::new(value);
        let old = context.set_raw(self.key(), self.name, Some(value));
        Token {
            key: self.key(),
            context,
            old,
            value: PhantomData,
        }
    }

    /// Puts back what was there before the `set` that gave the token.
    ///
    /// # Panics
    ///
    /// When the token is of another variable or context; see [`try_reset`](ContextVar::try_reset).
    pub fn reset(&self, token: Token<T>) {
        if let Err(error) = self.try_reset(token) {
            panic!("{}: {error}", self.name);
        }
    }

    /// Puts back what was there before the `set` that gave the token.
    ///
    /// # Errors
    ///
    /// When the token is of another variable or context.
    pub fn try_reset(&self, token: Token<T>) -> Result<(), TokenError> {
        if token.key != self.key() {
            return Err(TokenError("the token was created by a different variable"));
        }
        if !current_context().is_some_and(|context| context.same(&token.context)) {
            return Err(TokenError("the token was created in a different context"));
        }
        drop(token.context.set_raw(token.key, self.name, token.old));
        Ok(())
    }

    /// Calls `f` with the variable set, and puts back afterwards what was there.
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let _put_back = self.put(Some(Arc::new(value)));
        f()
    }

    /// Awaits `future` with the variable set while it is polled or dropped; others see nothing of it. Works on any
    /// executor. (Tasks that share one context, and are polled on several threads at once, see each other's scopes.)
    ///
    /// # Cancel safety
    ///
    /// That of `future`.
    pub fn scope<F: IntoFuture>(&'static self, value: T, future: F) -> VarScope<T, F::IntoFuture> {
        VarScope {
            variable: self,
            value: Some(Arc::new(value)),
            future: Some(future.into_future()),
        }
    }
}

impl<T> ContextVar<T> {
    fn key(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let key = self.key.load(Ordering::Relaxed);
        if key != 0 {
            return key;
        }
        let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
        match self
            .key
            .compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => fresh,
            Err(first) => first,
        }
    }

    fn put(&self, value: Option<ContextValue>) -> PutBack {
        let context = current_context_or_new();
        let (key, name) = (self.key(), self.name);
        let old = context.set_raw(key, name, value);
        PutBack {
            key,
            name,
            context,
            old,
            done: false,
        }
    }
}

/// Puts a variable back when it is dropped.
struct PutBack {
    key: usize,
    name: &'static str,
    context: Context,
    old: Option<ContextValue>,
    done: bool,
}

impl PutBack {
    /// Puts it back now, and gives what was there since.
    fn now(mut self) -> Option<ContextValue> {
        self.put_back()
    }

    fn put_back(&mut self) -> Option<ContextValue> {
        self.done = true;
        self.context.set_raw(self.key, self.name, self.old.take())
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        if !self.done {
            drop(self.put_back());
        }
    }
}

pin_project! {
    /// The future of [`ContextVar::scope`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct VarScope<T: 'static, F> {
        variable: &'static ContextVar<T>,
        value: Option<ContextValue>,
        // `None` once it has ended.
        #[pin]
        future: Option<F>,
    }

    impl<T, F> PinnedDrop for VarScope<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                // What the future holds may look at the variable when it is dropped.
                let _put_back = this.variable.put(this.value.take());
                this.future.set(None);
            }
        }
    }
}

impl<T: Clone + Send + Sync + 'static, F: Future> Future for VarScope<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut PollContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("a scope of a context variable was polled after it had ended");
        };
        let put_back = this.variable.put(this.value.take());
        let polled = future.poll(cx);
        if polled.is_ready() {
            this.future.set(None);
        }
        // What the future has set meanwhile is its own, and comes back at the next poll.
        *this.value = put_back.now();
        polled
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextVar")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl<T, F> fmt::Debug for VarScope<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VarScope").field(&self.variable).finish()
    }
}

/// A snapshot of the current context: what is set later, here or there, is not seen in the other.
///
/// # Python
///
/// `contextvars.copy_context()`.
pub fn copy_context() -> Context {
    current_context().map_or_else(Context::new, |context| context.copy())
}

/// Declares context variables, with or without a default, which is made once, at its first use.
///
/// # Examples
///
/// ```
/// use asyncio_tasks::{context_var, copy_context};
///
/// context_var! {
///     /// Who asks.
///     pub static USER: String = "nobody".to_owned();
///     static DEPTH: u32;
/// }
///
/// assert_eq!(USER.get(), "nobody");
/// assert!(DEPTH.try_get().is_err());
/// let token = USER.set("ada".to_owned());
/// let context = copy_context();
/// USER.reset(token);
/// assert_eq!(USER.get(), "nobody");
/// assert_eq!(context.run(|| USER.get()), "ada");
/// assert_eq!(USER.value_in(&context).as_deref(), Some("ada"));
/// ```
#[macro_export]
macro_rules! context_var {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident : $type:ty = $default:expr; $($rest:tt)*) => {
        $(#[$attr])*
        $vis static $name: $crate::ContextVar<$type> = $crate::ContextVar::new(
            ::core::stringify!($name),
            ::core::option::Option::Some(|| $default),
        );
        $crate::context_var! { $($rest)* }
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident : $type:ty; $($rest:tt)*) => {
        $(#[$attr])*
        $vis static $name: $crate::ContextVar<$type> = $crate::ContextVar::new(
            ::core::stringify!($name),
            ::core::option::Option::None,
        );
        $crate::context_var! { $($rest)* }
    };
}
