//! This crate alone, on futures-lite: a transfer that loses money when it is cancelled between its two halves, which the
//! cancel explorer finds, and the same transfer put right.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use asyncio_testing::{Case, explore_cancel};
use futures_lite::future::{block_on, yield_now};

type Accounts = Rc<[Cell<i32>; 2]>;

async fn careless(accounts: &Accounts) {
    accounts[0].set(accounts[0].get() - 10);
    yield_now().await;
    accounts[1].set(accounts[1].get() + 10);
}

async fn careful(accounts: &Accounts) {
    yield_now().await;
    accounts[0].set(accounts[0].get() - 10);
    accounts[1].set(accounts[1].get() + 10);
}

fn loses_money(transfer: impl AsyncFn(&Accounts)) -> bool {
    let explored = catch_unwind(AssertUnwindSafe(|| {
        block_on(explore_cancel(|| {
            let accounts = Accounts::from([Cell::new(100), Cell::new(100)]);
            let (inside, transfer) = (accounts.clone(), &transfer);
            Case::new(async move { transfer(&inside).await }, async move |_ended| {
                assert_eq!(accounts[0].get() + accounts[1].get(), 200)
            })
        }))
    }));
    explored.is_err()
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    println!("the careless one loses money: {}", loses_money(careless));
    println!("the careful one loses money: {}", loses_money(careful));
}
