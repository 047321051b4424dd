//! `RedisServer`: a `redis-server` of the test's own, on a port that was free and in a directory that is gone afterwards.

use crate::{Directory, Program};

/// A server that runs.
#[derive(Debug)]
pub struct RedisServer {
    directory: Directory,
    port: u16,
    program: Program,
}

impl RedisServer {
    /// A new one. It confirms what it is told when that is on the disk.
    pub async fn start() -> RedisServer {
        let directory = Directory::new("redis");
        // Another program may take the port in between; then there is another one.
        for _ in 0..20 {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            if let Some(program) = launch(&directory, port).await {
                return RedisServer {
                    directory,
                    port,
                    program,
                };
            }
        }
        panic!("redis-server takes no port");
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.program.kill().await;
    }

    /// Starts it again, with what it has on the disk.
    pub async fn restart(&mut self) {
        self.program = launch(&self.directory, self.port)
            .await
            .expect("nobody has taken the port");
    }
}

async fn launch(directory: &Directory, port: u16) -> Option<Program> {
    let (dir, port) = (directory.path().to_str().unwrap(), port.to_string());
    let arguments = [
        "--bind",
        "127.0.0.1",
        "--port",
        &port,
        "--dir",
        dir,
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
    ];
    let mut program = Program::start("redis-server", &arguments).await;
    while let Some(line) = program.line().await {
        if line.contains("Ready to accept connections") {
            return Some(program);
        }
    }
    None
}
