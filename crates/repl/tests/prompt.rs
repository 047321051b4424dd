//! The prompt, driven through a pseudo-terminal as a person would.

#![cfg(unix)]

#[path = "prompt/terminal.rs"]
mod terminal;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use terminal::{PROMPT, Terminal, program};

// RPL-01 RPL-02 RPL-06
#[test]
fn the_transcript_a_banner_an_await_of_some_seconds_its_value_and_ctrl_d() {
    let mut terminal = Terminal::raw(program());
    terminal.sees(&format!("asyncio REPL {}", env!("CARGO_PKG_VERSION")));
    terminal.sees("Use \".await\" directly instead of \"asyncio::run()\".");
    terminal.sees("Type \":help\" for more information.");
    terminal.sees(">>> use asyncio::*; use std::time::Duration;");
    terminal.prompt();
    assert_eq!(terminal.answers("1 + 1"), "2");
    let started = Instant::now();
    let answer = terminal.answers("asyncio::sleep_with(Duration::from_secs(3), \"hello\").await");
    assert_eq!(answer, "\"hello\"");
    assert!(started.elapsed() >= Duration::from_secs(3));
    assert_eq!(terminal.answers("sleep(Duration::from_millis(1)).await"), "");
    terminal.ctrl_d();
    let (rest, code) = terminal.ends();
    assert!(rest.contains("exiting asyncio REPL..."), "{rest}");
    assert_eq!(code, 0);
}

// RPL-03 RPL-07
#[test]
fn variables_functions_imports_and_context_variables_live_on() {
    let mut terminal = Terminal::open(program());
    assert_eq!(terminal.answers("let mut seen = vec![1_u32];"), "");
    terminal.types("async fn double(x: u32) -> u32 {");
    terminal.types("    yield_now().await;");
    terminal.types("    2 * x");
    terminal.answers("}");
    assert_eq!(terminal.answers("use std::collections::BTreeSet;"), "");
    assert_eq!(terminal.answers("seen.push(double(4).await);"), "");
    assert_eq!(
        terminal.answers("seen.iter().copied().collect::<BTreeSet<_>>()"),
        "{1, 8}"
    );

    // Statics are made anew in each input, so the variable is leaked.
    let input = "let who: &'static ContextVar<String> = Box::leak(Box::new(ContextVar::new(\"who\", None)));";
    assert_eq!(terminal.answers(input), "");
    assert_eq!(terminal.answers("let _ = who.set(\"me\".to_owned());"), "");
    assert_eq!(
        terminal.answers("create_task(async move { who.get() }).await.unwrap()"),
        "\"me\""
    );
    let answer = terminal.answers("let taken = seen; 0");
    assert_eq!(answer, "0");
    let answer = terminal.answers("seen");
    assert!(
        answer.contains("error[E0425]") && answer.contains("seen"),
        "{answer}"
    );

    // One that borrows is refused and says what to do; braces keep nothing and allow it.
    assert_eq!(terminal.answers("let text = String::from(\"borrowed\");"), "");
    let answer = terminal.answers("let part = &text[..6];");
    assert!(
        answer.contains("`part` contains a reference with a non-static lifetime"),
        "{answer}"
    );
    assert!(answer.contains("wrapping the code in {}"), "{answer}");
    let answer = terminal.answers("{ let part = &text[..6]; let inner = 1; println!(\"{part} {inner}\"); }");
    assert_eq!(answer, "borrow 1");
    assert!(terminal.answers("inner").contains("error[E0425]"));
    assert_eq!(terminal.answers("text"), "\"borrowed\"");

    let input = "use std::sync::atomic::{AtomicU8, Ordering}; static COUNT: AtomicU8 = AtomicU8::new(0);";
    assert_eq!(terminal.answers(input), "");
    for _ in 0..2 {
        assert_eq!(terminal.answers("COUNT.fetch_add(1, Ordering::Relaxed)"), "0");
    }
}

// RPL-04 CLI-02 GRA-08
#[test]
fn tasks_run_on_between_inputs_and_print_above_the_prompt() {
    let mut terminal = Terminal::open(program());
    let input = "let ticker = create_task(async { for n in 0.. { println!(\"tick {n}\"); \
                 sleep(Duration::from_millis(300)).await; } });";
    terminal.types(input);
    // Nothing more is typed: what comes after the prompt comes by itself.
    terminal.sees("tick 0");
    terminal.prompt();
    for n in 5..8 {
        terminal.sees(&format!("tick {n}"));
    }
    terminal.types(":tasks");
    terminal.matches(r"Task-\d+ .*made at the prompt");
    terminal.types("ticker.cancel()");
    terminal.sees("true");
    terminal.prompt();
    deadlock(terminal);
}

/// Two tasks take two locks in opposite order, and a group waits for its own.
fn deadlock(mut terminal: Terminal) {
    terminal.answers(
        "use std::rc::Rc; let left = Rc::new(Lock::new(1_u8)); let right = Rc::new(Lock::new(2_u8));",
    );
    terminal.answers(
        "async fn both(first: Rc<Lock<u8>>, second: Rc<Lock<u8>>) { let _one = first.acquire().await; \
         yield_now().await; let _two = second.acquire().await; }",
    );
    let made = terminal.answers(
        "let a = task().name(\"alice\").create(both(left.clone(), right.clone())); \
         let b = task().name(\"bob\").create(both(right.clone(), left.clone()));",
    );
    assert_eq!(made, "");
    let made = terminal.answers(
        "let family = task().name(\"family\").create(async { task_group_infallible(async |tg| { \
         for _ in 0..2 { drop(tg.create_task(async { sleep(Duration::from_secs(600)).await; Ok(()) })); } }).await; });",
    );
    assert_eq!(made, "");
    let tasks = terminal.answers(":tasks");
    let (tree, rest) = tasks.split_once("deadlock:\n").expect("it is named");
    let lines: Vec<&str> = rest.lines().collect();
    for (who, holder) in [("alice", "bob"), ("bob", "alice")] {
        let line = lines
            .iter()
            .find(|line| line.trim().starts_with(who))
            .expect(rest);
        assert!(line.contains("(made at the prompt) waits for a lock"), "{line}");
        assert!(line.ends_with(&format!(", held by {holder}")), "{line}");
    }
    let family = tree.split("family (made at the prompt)").nth(1).expect(tree);
    assert!(
        family.starts_with(" waits for a group with 2 tasks left\n├── Task-"),
        "{tree}"
    );
    assert!(family.contains("\n└── Task-"), "{tree}");

    // The same from another program.
    let last = lines
        .last()
        .and_then(|line| line.strip_prefix("(from elsewhere: asyncio pstree "));
    let pid = last.and_then(|pid| pid.strip_suffix(')')).expect(rest);
    let pstree = program()
        .args(["pstree", pid])
        .output()
        .expect("the program runs");
    let tree = String::from_utf8(pstree.stdout).expect("it is text");
    assert!(
        tree.contains("deadlock:") && tree.contains("held by alice since"),
        "{tree}"
    );
    assert_eq!(pstree.status.code(), Some(1));

    // What waits in a circle is asked to stop as others are, and the socket goes with the loop.
    let sockets = asyncio::introspect_paths(pid.parse().expect("it is a number"));
    assert!(sockets.iter().any(|path| path.exists()));
    terminal.ctrl_d();
    assert_eq!(terminal.ends().1, 0);
    assert!(!sockets.iter().any(|path| path.exists()));
}

// RPL-05
#[test]
fn ctrl_c_cancels_what_runs_with_its_cleanup_and_the_session_goes_on() {
    let mut terminal = Terminal::open(program());
    assert_eq!(terminal.answers("let kept = 7;"), "");
    terminal.types(
        "finally(async { println!(\"begins\"); sleep(Duration::from_secs(600)).await }, \
         async { sleep(Duration::from_millis(10)).await; println!(\"cleaned up\"); }).await",
    );
    terminal.matches("[^\"]begins");
    terminal.ctrl_c();
    terminal.matches("[^\"]cleaned up");
    terminal.sees("KeyboardInterrupt");
    terminal.prompt();
    assert_eq!(terminal.answers("kept"), "7");

    // At the prompt it clears the line.
    terminal.keys("this is not rust");
    terminal.ctrl_c();
    terminal.sees("KeyboardInterrupt");
    terminal.prompt();
    assert_eq!(terminal.answers("kept + 1"), "8");
}

// RPL-05
#[test]
fn what_never_awaits_is_ended_by_another_ctrl_c_and_a_session_begins_anew() {
    let mut terminal = Terminal::open(program());
    terminal.types("println!(\"{}\", \"spi\".to_owned() + \"ns\"); loop { std::hint::spin_loop() }");
    terminal.sees("spins");
    terminal.ctrl_c();
    terminal.sees("Ctrl-C once more");
    terminal.ctrl_c();
    terminal.sees("variables and tasks are lost");
    terminal.prompt();
    assert_eq!(terminal.answers("6 * 7"), "42");
}

// RPL-06
#[test]
fn all_ways_out_lead_out_and_tasks_clean_up_on_the_way() {
    let mut terminal = Terminal::open(program());
    let input =
        "create_task(finally(sleep(Duration::from_secs(600)), async { println!(\"{}!\", \"gone\") }));";
    terminal.answers(input);
    // What overruns its time holds up nobody: neither one that never ends, nor one that would a minute later.
    let input = "create_task(finally(sleep(Duration::from_secs(600)), std::future::pending::<()>()));";
    assert_eq!(terminal.answers(input), "");
    let input = "create_task(finally(sleep(Duration::from_secs(600)), async { \
                 sleep(Duration::from_secs(60)).await; println!(\"{}!\", \"late\") }));";
    assert_eq!(terminal.answers(input), "");
    terminal.types("exit");
    let (rest, code) = terminal.ends();
    assert!(rest.contains("exiting asyncio REPL..."), "{rest}");
    assert!(rest.contains("gone!"), "{rest}");
    assert!(!rest.contains("late!"), "{rest}");
    assert_eq!(code, 0);

    let mut terminal = Terminal::open(program());
    let pid = terminal.answers("std::process::id()").parse().unwrap();
    let sockets = asyncio::introspect_paths(pid);
    assert!(sockets.iter().any(|path| path.exists()));
    terminal.types("println!(\"{}\", 40 + 2); std::process::exit(3)");
    let (rest, code) = terminal.ends();
    assert!(rest.contains("42"), "{rest}");
    assert_eq!(code, 3);
    assert!(!sockets.iter().any(|path| path.exists()));
}

// RPL-08
#[test]
fn startup_file_history_and_completion() {
    let folder = tempfile::tempdir().unwrap();
    let startup = folder.path().join("startup.rs");
    std::fs::write(
        &startup,
        "let from_startup = 17;\nfn helper_of_mine() -> u8 { 5 }\n",
    )
    .unwrap();
    let history = folder.path().join("deep/history");
    let with_files = || {
        let mut command = program();
        command
            .env("ASYNCIO_REPL_STARTUP", &startup)
            .env("ASYNCIO_REPL_HISTORY", &history);
        command
    };
    let mut terminal = Terminal::open(with_files());
    assert_eq!(terminal.answers("from_startup"), "17");
    // A key completes the name of the function.
    terminal.keys("helper_of\t");
    terminal.sees("helper_of_mine");
    terminal.types("");
    terminal.sees("5\r\n");
    terminal.prompt();
    // And of a method.
    terminal.keys("\"x\".to_upp\t");
    terminal.sees("to_uppercase");
    terminal.types("");
    terminal.sees("\"X\"\r\n");
    terminal.prompt();
    terminal.keys(":tas\t");
    terminal.sees(":tasks");
    terminal.types("");
    terminal.sees("no tasks");
    terminal.prompt();
    terminal.ctrl_d();
    terminal.ends();

    let kept = std::fs::read_to_string(&history).unwrap();
    assert!(kept.contains("from_startup"), "{kept}");
    let mut terminal = Terminal::open(with_files());
    // Three times the key for the line before: `:tasks` was the last.
    terminal.keys("\x1b[A\x1b[A\x1b[A");
    terminal.sees("helper_of_mine");
}

// RPL-08
#[test]
fn no_colours_where_none_are_wanted() {
    let mut command = program();
    command.env_remove("NO_COLOR");
    let mut coloured = Terminal::raw(command);
    coloured.sees("\x1b[1;35m>>> ");
    let mut plain = Terminal::raw(program());
    let banner = plain.sees(PROMPT);
    assert!(!banner.contains('\x1b'), "{banner:?}");
}

// RPL-08
#[test]
fn a_dumb_terminal_gets_a_plain_prompt_and_no_control_sequences() {
    let mut command = program();
    command.env_remove("NO_COLOR").env("TERM", "dumb");
    let mut terminal = Terminal::raw(command);
    let mut all = terminal.raw_before(">>> use asyncio::*;");
    all += &terminal.raw_before(PROMPT);
    terminal.types("sleep_with(Duration::ZERO, 6 * 7).await");
    all += &terminal.raw_before("42\r\n");
    all += &terminal.raw_before(PROMPT);
    // A task prints while the prompt waits.
    terminal.types("let t = create_task(async { for n in 0.. { println!(\"tick {n}\"); sleep(Duration::from_millis(100)).await; } });");
    all += &terminal.raw_before("tick 8");
    terminal.ctrl_d();
    let (rest, code) = terminal.ends();
    assert!(!(all + &rest).contains('\x1b'));
    assert_eq!(code, 0);
}

// RPL-09
#[test]
fn errors_are_shown_as_rustc_shows_them_and_panics_with_their_message() {
    let mut terminal = Terminal::open(program());
    let answer = terminal.answers("let x: u8 = \"no\".await;");
    assert!(
        answer.contains("error[E0277]: `&str` is not a future"),
        "{answer}"
    );
    assert!(answer.contains("--> input:1:"), "{answer}");
    assert!(answer.contains("1 | let x: u8 = \"no\".await;"), "{answer}");
    assert!(answer.contains('^'), "{answer}");
    let answer = terminal.answers("let kept = 1; panic!(\"this {}\", \"here\")");
    assert!(answer.contains("panicked: this here"), "{answer}");
    let answer = terminal.answers("create_task(async { panic!(\"in a task\") }).await.is_err()");
    assert!(
        answer.contains("panicked: in a task") && answer.ends_with("true"),
        "{answer}"
    );
    assert_eq!(terminal.answers("2 + 2"), "4");
    let answer = terminal.answers("std::process::abort()");
    assert!(answer.contains("variables and tasks are lost"), "{answer}");
    assert_eq!(terminal.answers("sleep_with(Duration::ZERO, 5).await"), "5");
}

// RPL-08
#[test]
fn the_help_names_the_commands_and_clear_forgets() {
    let mut terminal = Terminal::open(program());
    let help = terminal.answers(":help");
    assert!(help.contains(":tasks") && help.contains(":dep"), "{help}");
    assert_eq!(terminal.answers("let gone = 1;"), "");
    assert_eq!(terminal.answers(":clear"), "");
    assert!(terminal.answers("gone").contains("E0425"));
    assert_eq!(terminal.answers("sleep_with(Duration::ZERO, 6).await"), "6");
}

// RPL-03
#[test]
fn a_package_in_a_folder_is_used_by_the_next_input_and_a_mark_says_that_it_compiles() {
    let folder = tempfile::tempdir().unwrap();
    slow_package(folder.path());
    let mut terminal = Terminal::open(program());
    terminal.types(&format!(":dep slow_package = {{ path = {:?} }}", folder.path()));
    let mut raw = terminal.raw_before(PROMPT);
    terminal.prompt();
    terminal.types("slow_package::answer()");
    terminal.sees("\n");
    raw += &terminal.raw_before("7\r\n");
    terminal.prompt();
    // Each mark is cleared, by the next one or for the value.
    let marks: Vec<&str> = raw.split(" compiling ").skip(1).collect();
    assert!(!marks.is_empty(), "{raw:?}");
    for mark in marks {
        let (seconds, rest) = mark.split_once(" s").expect("it says how long");
        assert!(
            seconds.parse::<f32>().is_ok() && rest.starts_with("\r\x1b[K"),
            "{raw:?}"
        );
    }
}

/// A package that takes a second to compile.
fn slow_package(folder: &std::path::Path) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("there is room");
    write(
        "Cargo.toml",
        "[package]\nname = \"slow_package\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n",
    );
    write("lib.rs", "pub fn answer() -> u8 { 7 }\n");
    write(
        "build.rs",
        "fn main() { std::thread::sleep(std::time::Duration::from_secs(1)) }\n",
    );
}

// RPL-02 RPL-09
#[test]
fn a_value_is_shown_as_debug_says_and_one_without_it_is_an_error() {
    let mut terminal = Terminal::open(program());
    assert_eq!(terminal.answers("\"a\\\"b\""), "\"a\\\"b\"");
    assert_eq!(terminal.answers("let kept = vec![Some(1), None];"), "");
    // To show it does not move it.
    for _ in 0..2 {
        assert_eq!(terminal.answers("kept"), "[Some(1), None]");
    }
    assert_eq!(terminal.answers("struct Mute;"), "");
    let answer = terminal.answers("Mute");
    assert!(answer.contains("`Mute` doesn't implement `Debug`"), "{answer}");
}

// RPL-06
#[test]
fn a_session_leaves_no_files_and_sweeps_those_of_one_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let folders = || -> BTreeSet<_> {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        // Beside them is the folder of this user's introspection sockets, which all programs share.
        names
            .filter(|name| !name.to_string_lossy().starts_with("asyncio-rs-"))
            .collect()
    };
    let with_folder = || {
        let mut command = program();
        command.env("TMPDIR", folder.path());
        command
    };
    let mut killed = Terminal::open(with_folder());
    assert_eq!(killed.answers("1 + 1"), "2");
    let dead = folders();
    assert_eq!(dead.len(), 1, "{dead:?}");
    killed.kill();
    assert_eq!(folders(), dead);

    let mut lives = Terminal::open(with_folder());
    let mut goes = Terminal::open(with_folder());
    assert_eq!(lives.answers("1 + 1"), "2");
    assert_eq!(goes.answers("1 + 1"), "2");
    // It is swept beside the inputs.
    while !folders().is_disjoint(&dead) {
        assert_eq!(goes.answers("1 + 1"), "2");
    }
    goes.ctrl_d();
    goes.ends();
    assert_eq!(folders().len(), 1);
    assert_eq!(lives.answers("2 + 2"), "4");
    lives.ctrl_d();
    lives.ends();
    assert_eq!(folders().len(), 0);
}
