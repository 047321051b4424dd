//! `join!`, `select!` and `race!`: several futures inside one task.
//!
//! They know nothing of cancellation: the tree of scopes sees to it. A request reaches the innermost scope of every
//! branch; a branch without a scope runs on until the parent is dropped. All cleanups of a join finish before the
//! parent is cancelled; a branch of a select that becomes ready during a cleanup ends the select, and the request comes
//! at the next suspension.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

macro_rules! joins {
    ($($function:ident $name:ident $one:ident $select:ident $select_name:ident ($($type:ident $field:ident),+);)+) => {$(
        pin_project! {
            /// The future of [`join!`](crate::join!) for so many branches.
            #[must_use = "futures do nothing unless they are awaited"]
            struct $name<$($type: Future),+> {
                $(#[pin] $field: MaybeDone<$type>,)+
            }
        }

        impl<$($type: Future),+> Future for $name<$($type),+> {
            type Output = ($($type::Output,)+);

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let mut this = self.project();
                let mut all = true;
                $(all &= this.$field.as_mut().poll(cx);)+
                if !all {
                    return Poll::Pending;
                }
                match ($(this.$field.take(),)+) {
                    ($(Some($field),)+) => Poll::Ready(($($field,)+)),
                    _ => panic!("a join was polled after its end"),
                }
            }
        }

        /// Awaits all of these futures inside this task, and gives their values. See [`join!`](crate::join!).
        #[allow(clippy::too_many_arguments, reason = "one for each branch")]
        pub fn $function<$($type: Future),+>($($field: $type),+) -> impl Future<Output = ($($type::Output,)+)> {
            $name { $($field: MaybeDone { future: Some($field), value: None },)+ }
        }

        /// The value of the branch that was first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $one<$($type),+> {
            $(#[doc = concat!("Branch ", stringify!($type), ".")] $type($type),)+
        }

        pin_project! {
            #[must_use = "futures do nothing unless they are awaited"]
            struct $select_name<$($type),+> {
                $(#[pin] $field: $type,)+
            }
        }

        impl<$($type: Future),+> Future for $select_name<$($type),+> {
            type Output = $one<$($type::Output),+>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let this = self.project();
                $(if let Poll::Ready(value) = this.$field.poll(cx) {
                    return Poll::Ready($one::$type(value));
                })+
                Poll::Pending
            }
        }

        #[allow(clippy::too_many_arguments, reason = "one for each branch")]
        /// Awaits the first of these futures that is ready, and drops the others. See [`select!`](crate::select!).
        pub fn $select<$($type: Future),+>($($field: $type),+) -> impl Future<Output = $one<$($type::Output),+>> {
            $select_name { $($field,)+ }
        }
    )+};
}

joins! {
    join2 Join2 OneOf2 select2 Select2 (A a, B b);
    join3 Join3 OneOf3 select3 Select3 (A a, B b, C c);
    join4 Join4 OneOf4 select4 Select4 (A a, B b, C c, D d);
    join5 Join5 OneOf5 select5 Select5 (A a, B b, C c, D d, E e);
    join6 Join6 OneOf6 select6 Select6 (A a, B b, C c, D d, E e, F f);
    join7 Join7 OneOf7 select7 Select7 (A a, B b, C c, D d, E e, F f, G g);
    join8 Join8 OneOf8 select8 Select8 (A a, B b, C c, D d, E e, F f, G g, H h);
}

pin_project! {
    /// A branch of a join: its future, then its value.
    struct MaybeDone<F: Future> {
        #[pin]
        future: Option<F>,
        value: Option<F::Output>,
    }
}

impl<F: Future> MaybeDone<F> {
    /// True: it has ended.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            if let Poll::Ready(value) = future.poll(cx) {
                *this.value = Some(value);
                this.future.set(None);
            }
        }
        this.future.is_none()
    }

    fn take(self: Pin<&mut Self>) -> Option<F::Output> {
        self.project().value.take()
    }
}

impl<F: Future> fmt::Debug for MaybeDone<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaybeDone")
            .field("done", &self.future.is_none())
            .finish()
    }
}

/// Awaits two to eight futures inside this task, and gives a tuple of their values.
///
/// They are polled in order, each whenever the task is. Where each should be interruptible by itself, use a
/// [`task_group`](crate::task_group).
///
/// # Cancel safety
///
/// Dropped, it drops every branch. A request reaches the innermost scope of each branch, and the task is cancelled
/// when all have cleaned up.
///
/// # Examples
///
/// ```
/// let (a, b) = futures_lite::future::block_on(async { asyncio_tasks::join!(async { 1 }, async { "b" }).await });
/// assert_eq!((a, b), (1, "b"));
/// ```
#[macro_export]
macro_rules! join {
    ($f0:expr, $f1:expr $(,)?) => {
        $crate::join2($f0, $f1)
    };
    ($f0:expr, $f1:expr, $f2:expr $(,)?) => {
        $crate::join3($f0, $f1, $f2)
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr $(,)?) => {
        $crate::join4($f0, $f1, $f2, $f3)
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr $(,)?) => {
        $crate::join5($f0, $f1, $f2, $f3, $f4)
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr, $f5:expr $(,)?) => {
        $crate::join6($f0, $f1, $f2, $f3, $f4, $f5)
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr, $f5:expr, $f6:expr $(,)?) => {
        $crate::join7($f0, $f1, $f2, $f3, $f4, $f5, $f6)
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr, $f5:expr, $f6:expr, $f7:expr $(,)?) => {
        $crate::join8($f0, $f1, $f2, $f3, $f4, $f5, $f6, $f7)
    };
}

/// Awaits the first of two to eight futures of one type of value, and drops the others. In the order of the branches, if
/// several are ready at once.
///
/// # Cancel safety
///
/// The branches that are not first are dropped, where they stand.
///
/// # Examples
///
/// ```
/// let first = async { asyncio_tasks::race!(std::future::pending(), async { 2 }).await };
/// assert_eq!(futures_lite::future::block_on(first), 2);
/// ```
#[macro_export]
macro_rules! race {
    ($f0:expr, $f1:expr $(,)?) => {
        async {
            match $crate::select2($f0, $f1).await {
                $crate::OneOf2::A(value) | $crate::OneOf2::B(value) => value,
            }
        }
    };
    ($f0:expr, $f1:expr, $f2:expr $(,)?) => {
        async {
            match $crate::select3($f0, $f1, $f2).await {
                $crate::OneOf3::A(value) | $crate::OneOf3::B(value) | $crate::OneOf3::C(value) => value,
            }
        }
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr $(,)?) => {
        async {
            match $crate::select4($f0, $f1, $f2, $f3).await {
                $crate::OneOf4::A(value)
                | $crate::OneOf4::B(value)
                | $crate::OneOf4::C(value)
                | $crate::OneOf4::D(value) => value,
            }
        }
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr $(,)?) => {
        async {
            match $crate::select5($f0, $f1, $f2, $f3, $f4).await {
                $crate::OneOf5::A(value)
                | $crate::OneOf5::B(value)
                | $crate::OneOf5::C(value)
                | $crate::OneOf5::D(value)
                | $crate::OneOf5::E(value) => value,
            }
        }
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr, $f5:expr $(,)?) => {
        async {
            match $crate::select6($f0, $f1, $f2, $f3, $f4, $f5).await {
                $crate::OneOf6::A(value)
                | $crate::OneOf6::B(value)
                | $crate::OneOf6::C(value)
                | $crate::OneOf6::D(value)
                | $crate::OneOf6::E(value)
                | $crate::OneOf6::F(value) => value,
            }
        }
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr, $f5:expr, $f6:expr $(,)?) => {
        async {
            match $crate::select7($f0, $f1, $f2, $f3, $f4, $f5, $f6).await {
                $crate::OneOf7::A(value)
                | $crate::OneOf7::B(value)
                | $crate::OneOf7::C(value)
                | $crate::OneOf7::D(value)
                | $crate::OneOf7::E(value)
                | $crate::OneOf7::F(value)
                | $crate::OneOf7::G(value) => value,
            }
        }
    };
    ($f0:expr, $f1:expr, $f2:expr, $f3:expr, $f4:expr, $f5:expr, $f6:expr, $f7:expr $(,)?) => {
        async {
            match $crate::select8($f0, $f1, $f2, $f3, $f4, $f5, $f6, $f7).await {
                $crate::OneOf8::A(value)
                | $crate::OneOf8::B(value)
                | $crate::OneOf8::C(value)
                | $crate::OneOf8::D(value)
                | $crate::OneOf8::E(value)
                | $crate::OneOf8::F(value)
                | $crate::OneOf8::G(value)
                | $crate::OneOf8::H(value) => value,
            }
        }
    };
}

/// Awaits the first of two to eight futures, drops the others, and goes on with what is written behind it.
///
/// `pattern = future => expression, …`. The patterns are those of a `let`; in the order of the branches, if several are
/// ready at once. The expression may use `?`, `return` and `break`.
///
/// # Cancel safety
///
/// The branches that are not first are dropped, where they stand: what that loses, each says for itself.
///
/// # Examples
///
/// ```
/// # use asyncio_tasks::select;
/// # use std::future::pending;
/// # futures_lite::future::block_on(async {
/// let word = select! {
///     () = pending() => "never",
///     number = async { 7 } => if number == 7 { "seven" } else { "other" },
/// };
/// assert_eq!(word, "seven");
/// # });
/// ```
#[macro_export]
macro_rules! select {
    ($p0:pat = $f0:expr => $e0:expr, $p1:pat = $f1:expr => $e1:expr $(,)?) => {
        match $crate::select2($f0, $f1).await {
            $crate::OneOf2::A($p0) => $e0,
            $crate::OneOf2::B($p1) => $e1,
        }
    };
    ($p0:pat = $f0:expr => $e0:expr, $p1:pat = $f1:expr => $e1:expr, $p2:pat = $f2:expr => $e2:expr $(,)?) => {
        match $crate::select3($f0, $f1, $f2).await {
            $crate::OneOf3::A($p0) => $e0,
            $crate::OneOf3::B($p1) => $e1,
            $crate::OneOf3::C($p2) => $e2,
        }
    };
    ($p0:pat = $f0:expr => $e0:expr, $p1:pat = $f1:expr => $e1:expr, $p2:pat = $f2:expr => $e2:expr, $p3:pat = $f3:expr => $e3:expr $(,)?) => {
        match $crate::select4($f0, $f1, $f2, $f3).await {
            $crate::OneOf4::A($p0) => $e0,
            $crate::OneOf4::B($p1) => $e1,
            $crate::OneOf4::C($p2) => $e2,
            $crate::OneOf4::D($p3) => $e3,
        }
    };
    ($p0:pat = $f0:expr => $e0:expr, $p1:pat = $f1:expr => $e1:expr, $p2:pat = $f2:expr => $e2:expr, $p3:pat = $f3:expr => $e3:expr, $p4:pat = $f4:expr => $e4:expr $(,)?) => {
        match $crate::select5($f0, $f1, $f2, $f3, $f4).await {
            $crate::OneOf5::A($p0) => $e0,
            $crate::OneOf5::B($p1) => $e1,
            $crate::OneOf5::C($p2) => $e2,
            $crate::OneOf5::D($p3) => $e3,
            $crate::OneOf5::E($p4) => $e4,
        }
    };
    ($p0:pat = $f0:expr => $e0:expr, $p1:pat = $f1:expr => $e1:expr, $p2:pat = $f2:expr => $e2:expr, $p3:pat = $f3:expr => $e3:expr, $p4:pat = $f4:expr => $e4:expr, $p5:pat = $f5:expr => $e5:expr $(,)?) => {
        match $crate::select6($f0, $f1, $f2, $f3, $f4, $f5).await {
            $crate::OneOf6::A($p0) => $e0,
            $crate::OneOf6::B($p1) => $e1,
            $crate::OneOf6::C($p2) => $e2,
            $crate::OneOf6::D($p3) => $e3,
            $crate::OneOf6::E($p4) => $e4,
            $crate::OneOf6::F($p5) => $e5,
        }
    };
    ($p0:pat = $f0:expr => $e0:expr, $p1:pat = $f1:expr => $e1:expr, $p2:pat = $f2:expr => $e2:expr, $p3:pat = $f3:expr => $e3:expr, $p4:pat = $f4:expr => $e4:expr, $p5:pat = $f5:expr => $e5:expr, $p6:pat = $f6:expr => $e6:expr $(,)?) => {
        match $crate::select7($f0, $f1, $f2, $f3, $f4, $f5, $f6).await {
            $crate::OneOf7::A($p0) => $e0,
            $crate::OneOf7::B($p1) => $e1,
            $crate::OneOf7::C($p2) => $e2,
            $crate::OneOf7::D($p3) => $e3,
            $crate::OneOf7::E($p4) => $e4,
            $crate::OneOf7::F($p5) => $e5,
            $crate::OneOf7::G($p6) => $e6,
        }
    };
    ($p0:pat = $f0:expr => $e0:expr, $p1:pat = $f1:expr => $e1:expr, $p2:pat = $f2:expr => $e2:expr, $p3:pat = $f3:expr => $e3:expr, $p4:pat = $f4:expr => $e4:expr, $p5:pat = $f5:expr => $e5:expr, $p6:pat = $f6:expr => $e6:expr, $p7:pat = $f7:expr => $e7:expr $(,)?) => {
        match $crate::select8($f0, $f1, $f2, $f3, $f4, $f5, $f6, $f7).await {
            $crate::OneOf8::A($p0) => $e0,
            $crate::OneOf8::B($p1) => $e1,
            $crate::OneOf8::C($p2) => $e2,
            $crate::OneOf8::D($p3) => $e3,
            $crate::OneOf8::E($p4) => $e4,
            $crate::OneOf8::F($p5) => $e5,
            $crate::OneOf8::G($p6) => $e6,
            $crate::OneOf8::H($p7) => $e7,
        }
    };
}
