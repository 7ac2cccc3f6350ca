//! `limit echo|http|broadcast epoll|uring ADDR:PORT`: a bare loop, until it is ended from outside.

use limit::{Reply, echo, epoll, http, uring};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["broadcast", "epoll", address] => epoll::broadcast(address),
        ["broadcast", "uring", address] => uring::broadcast(address),
        [what @ ("echo" | "http"), engine @ ("epoll" | "uring"), address] => {
            let reply: Reply = if what == "http" { http } else { echo };
            match engine {
                "epoll" => epoll::answer(address, reply),
                _ => uring::answer(address, reply),
            }
        }
        _ => {
            eprintln!("usage: limit echo|http|broadcast epoll|uring ADDR:PORT");
            std::process::exit(2);
        }
    }
}
