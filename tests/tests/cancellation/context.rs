//! Context variables.

use asyncio::{
    Context, Runner, context_var, copy_context, create_task, current_task, spawn, task, to_thread, yield_now,
};

use crate::kit::run;

context_var! {
    static USER: String = "nobody".to_owned();
    static DEPTH: u32;
}

/// TSK-73, TSK-03: each task has a copy, made when it is created.
#[test]
fn a_task_begins_with_a_copy_and_keeps_its_changes_to_itself() {
    run(async {
        let before = create_task(async { USER.get() });
        drop(USER.set("ada".to_owned()));
        let child = create_task(async {
            let inherited = USER.get();
            drop(USER.set("bob".to_owned()));
            yield_now().await;
            (inherited, USER.get())
        });
        let pooled = spawn(async { USER.get() });
        assert_eq!(before.await.unwrap(), "nobody");
        assert_eq!(child.await.unwrap(), ("ada".to_owned(), "bob".to_owned()));
        assert_eq!(pooled.await.unwrap(), "ada");
        assert_eq!(USER.get(), "ada");
        assert_eq!(to_thread(|| USER.get()).await.unwrap(), "ada");
    });
    assert_eq!(USER.get(), "nobody");
}

/// TSK-46: blocking work sees the variables; a panic is an error.
#[test]
fn blocking_work_sees_the_context_and_its_panic_is_an_error() {
    run(async {
        drop(DEPTH.set(3));
        assert_eq!(to_thread(|| DEPTH.get() + 1).await.unwrap(), 4);
        assert!(to_thread(|| panic!("on purpose")).await.unwrap_err().is_panic());
    });
}

/// TSK-06, TSK-62: a task that is given a context shares it.
#[test]
fn a_task_in_a_given_context_shares_it() {
    run(async {
        let context = Context::new();
        let shared = task().context(context.clone()).create(async {
            drop(DEPTH.set(7));
            current_task().unwrap().context().unwrap()
        });
        assert!(shared.await.unwrap().same(&context));
        assert_eq!(DEPTH.value_in(&context), Some(7));
        assert!(DEPTH.try_get().is_err());
    });
}

/// TSK-73: tokens, defaults and scopes.
#[test]
fn a_token_puts_back_what_was_there_in_its_own_context_only() {
    run(async {
        assert_eq!(
            (USER.get(), USER.get_or("x".to_owned())),
            ("nobody".to_owned(), "x".to_owned())
        );
        assert!(DEPTH.try_get().unwrap_err().to_string().contains("DEPTH"));
        let first = DEPTH.set(1);
        let second = DEPTH.set(2);
        DEPTH.reset(second);
        assert_eq!(DEPTH.get(), 1);
        let elsewhere = create_task(async move { DEPTH.try_reset(first) });
        assert!(
            elsewhere
                .await
                .unwrap()
                .unwrap_err()
                .to_string()
                .contains("different context")
        );
        let inside = DEPTH.scope(5, async {
            yield_now().await;
            drop(DEPTH.set(6));
            yield_now().await;
            DEPTH.get()
        });
        let both = asyncio::join!(inside, async {
            let seen = DEPTH.get();
            yield_now().await;
            (seen, DEPTH.get())
        });
        assert_eq!(both.await, (6, (1, 1)));
        assert_eq!((DEPTH.sync_scope(9, || DEPTH.get()), DEPTH.get()), (9, 1));
    });
}

/// TSK-74, TSK-75.
#[test]
fn a_context_is_copied_entered_and_looked_at() {
    run(async {
        drop(DEPTH.set(1));
        let copy = copy_context();
        drop(DEPTH.set(2));
        assert_eq!(
            copy.run(|| {
                drop(USER.set("in copy".to_owned()));
                DEPTH.get()
            }),
            1
        );
        assert_eq!(
            (USER.get(), USER.value_in(&copy).unwrap()),
            ("nobody".to_owned(), "in copy".to_owned())
        );
        let mut names: Vec<_> = copy.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!((names, copy.len()), (vec!["DEPTH", "USER"], 2));
        let again = copy.run(|| copy.try_run(|| ()));
        assert_eq!(
            again.unwrap_err().to_string(),
            "cannot enter context: it is already entered"
        );
    });
}

/// RUN-05.
#[test]
fn the_runs_of_a_runner_share_a_context_unless_one_is_given() {
    let mut runner = Runner::new();
    runner.run(async { drop(DEPTH.set(4)) }).unwrap();
    assert_eq!(runner.run(async { DEPTH.get() }).unwrap(), 4);
    let own = Context::new();
    assert!(
        runner
            .run_in(&own, async {
                drop(DEPTH.set(5));
                DEPTH.get()
            })
            .is_ok()
    );
    assert_eq!(
        (DEPTH.value_in(&own), runner.run(async { DEPTH.get() }).unwrap()),
        (Some(5), 4)
    );
}
