//! What a server says when it is ready: where it listens, and what to type to get there.
//!
//! Invariant: for each listener there is one line `Listening on ADDRESS`, with the port that was
//! really taken, before anything else on standard output (for `sink`: on standard error, among the
//! log). Scripts may wait for it.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use chat::Speaks;
use engine::Listen;

use crate::listeners::Ready;
use crate::options::{CommandName, ListenAt};

/// All lines of the hints.
pub(crate) fn hints(command: CommandName, ready: &[Ready]) -> String {
    let mut text = String::new();
    for one in ready {
        line(&mut text, format_args!("Listening on {}", one.listening));
    }
    for Ready { listening, speaks } in ready {
        let call = Call { command, speaks: *speaks };
        match (listening.local, &listening.listen) {
            (Some(local), _) => call.inet(&mut text, local),
            (None, Listen::Unix(path)) => call.unix(&mut text, &path.display().to_string()),
            (None, _) => {}
        }
    }
    if command == CommandName::Chat {
        let only_here: Vec<String> = ready.iter().filter_map(closed).collect();
        if !only_here.is_empty() {
            line(
                &mut text,
                format_args!(
                    "NOT ENCRYPTED: whoever can watch the network can read along. To keep it on \
                     this machine: {}",
                    only_here.join(" ")
                ),
            );
        }
        line(&mut text, format_args!("Ctrl-C stops it, and tells everyone."));
    }
    text
}

/// What to type to get to one listener.
#[derive(Clone, Copy)]
struct Call {
    command: CommandName,
    speaks: Speaks,
}

impl Call {
    fn inet(self, text: &mut String, local: SocketAddr) {
        let port = local.port();
        let here = match local.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            ip => ip.to_string(),
        };
        let open = is_open(&local);
        if !open || local.ip().is_unspecified() {
            line(text, format_args!("  from this machine:  {}", self.to(&here, port)));
        }
        if open {
            let hosts = match local.ip() {
                ip if ip.is_unspecified() => hosts(ip),
                ip => vec![ip.to_string()],
            };
            for (index, host) in hosts.iter().enumerate() {
                let lead = if index == 0 { "from elsewhere:   " } else { "              or: " };
                line(text, format_args!("  {lead}  {}", self.to(host, port)));
            }
        }
        if self.command == CommandName::Chat {
            self.others(text, if open { "HOST" } else { &here }, port);
        }
    }

    /// Other ways into the chat.
    fn others(self, text: &mut String, host: &str, port: u16) {
        if self.speaks == Speaks::Irc {
            line(text, format_args!("  with other clients: {host}, port {port}, without TLS"));
            return;
        }
        if self.speaks == Speaks::Web {
            return;
        }
        if host == "HOST" {
            line(
                text,
                format_args!("  with other tools:   telnet HOST {port}   or   ncat HOST {port}"),
            );
        }
        if self.speaks == Speaks::Anything {
            line(text, format_args!("  with an IRC client: irssi -c {host} -p {port}"));
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            line(text, format_args!("  in a browser:       http://{host}:{port}/"));
        }
    }

    fn unix(self, text: &mut String, path: &str) {
        let nc = format!("nc -U {path}");
        let call = match (self.command, self.speaks) {
            (CommandName::Hello, _) | (CommandName::Chat, Speaks::Web) => {
                format!("curl --unix-socket {path} http://localhost/")
            }
            (CommandName::Chat, Speaks::Irc) => format!("irssi -c {path}"),
            (CommandName::Chat, Speaks::Anything) => format!("{nc}   or   irssi -c {path}"),
            _ => nc,
        };
        line(text, format_args!("  from this machine:  {call}"));
    }

    /// What to type to get to `host`.
    fn to(self, host: &str, port: u16) -> String {
        match (self.command, self.speaks) {
            (CommandName::Chat, Speaks::Irc) => format!("irssi -c {host} -p {port}"),
            (CommandName::Chat, Speaks::Web) if host.contains(':') => {
                format!("http://[{host}]:{port}/")
            }
            (CommandName::Chat, Speaks::Web) => format!("http://{host}:{port}/"),
            (CommandName::Chat | CommandName::Echo, _) => format!("nc {host} {port}"),
            (CommandName::Sink, _) => format!("echo one line | nc -N {host} {port}"),
            (CommandName::Hello, _) if host.contains(':') => {
                format!("curl http://[{host}]:{port}/")
            }
            (CommandName::Hello, _) => format!("curl http://{host}:{port}/"),
        }
    }
}

/// Whether others than this machine can get there.
fn is_open(local: &SocketAddr) -> bool {
    !local.ip().to_canonical().is_loopback()
}

/// The option for the same listener, but for this machine only; `None` if it is so already.
fn closed(ready: &Ready) -> Option<String> {
    let local = ready.listening.local.filter(is_open)?;
    let listen = Listen::Inet((Ipv4Addr::LOCALHOST, local.port()).into());
    let scheme = (ready.speaks != Speaks::Anything).then_some(ready.speaks);
    Some(format!("--listen {}", ListenAt { listen, scheme }))
}

/// What others may call this machine: its name and its addresses towards the rest of the world.
fn hosts(listening: IpAddr) -> Vec<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let targets: &[(IpAddr, IpAddr)] = &[
        // Addresses of documentation (RFC 5737, RFC 3849): a UDP socket is "connected" to them
        // without a packet being sent, which makes the kernel choose the address it would send
        // from.
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
    ];
    let addresses = targets
        .iter()
        .filter(|(from, _)| listening.is_ipv6() || from.is_ipv4())
        .filter_map(|(from, to)| {
            let socket = UdpSocket::bind((*from, 0)).ok()?;
            socket.connect((*to, 9)).ok()?;
            Some(socket.local_addr().ok()?.ip())
        })
        .filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    let mut hosts: Vec<String> = addresses.map(|ip| ip.to_string()).collect();
    if !name.is_empty() && name != "localhost" && name != "(none)" {
        hosts.insert(0, name);
    }
    hosts
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Listening;

    fn hints_for(command: CommandName, listen: Listen, local: Option<&str>) -> String {
        hints_where(command, Speaks::Anything, listen, local)
    }

    fn hints_where(
        command: CommandName,
        speaks: Speaks,
        listen: Listen,
        local: Option<&str>,
    ) -> String {
        let local = local.map(|local| local.parse().unwrap());
        hints(command, &[Ready { listening: Listening { listen, local }, speaks }])
    }

    #[test]
    fn the_first_line_names_the_port_that_was_taken() {
        let text = hints_for(CommandName::Chat, Listen::Any(0), Some("[::]:41234"));
        assert!(text.starts_with("Listening on [::]:41234\n"), "{text}");
        assert!(text.contains("nc localhost 41234\n"), "{text}");
    }

    #[test]
    fn how_to_keep_it_on_this_machine_keeps_what_is_spoken() {
        let ready = |speaks, local: &str| {
            let local = Some(local.parse().unwrap());
            Ready { listening: Listening { listen: Listen::Any(0), local }, speaks }
        };
        let text = hints(
            CommandName::Chat,
            &[
                ready(Speaks::Anything, "[::]:8008"),
                ready(Speaks::Irc, "192.0.2.1:6667"),
                ready(Speaks::Irc, "[::1]:6668"),
            ],
        );
        let wanted = ": --listen 127.0.0.1:8008 --listen irc://127.0.0.1:6667\n";
        assert!(text.contains(wanted), "{text}");
    }

    #[test]
    fn only_what_others_can_reach_is_called_unencrypted() {
        let open = hints_for(CommandName::Chat, Listen::Any(8008), Some("[::]:8008"));
        assert!(open.contains("NOT ENCRYPTED"), "{open}");
        for closed in ["127.0.0.1:8008", "[::1]:8008"] {
            let text = hints_for(CommandName::Chat, Listen::Any(8008), Some(closed));
            assert!(!text.contains("NOT ENCRYPTED"), "{text}");
        }
        let text = hints_for(CommandName::Chat, Listen::Unix("/tmp/s".into()), None);
        assert!(text.contains("nc -U /tmp/s") && !text.contains("NOT ENCRYPTED"), "{text}");
    }

    #[test]
    fn each_listener_is_shown_with_the_tools_that_work_there() {
        for (listen, local) in [(Listen::Any(7), Some("[::]:7")), (Listen::Unix("/s".into()), None)]
        {
            let tools = |speaks| {
                let text = hints_where(CommandName::Chat, speaks, listen.clone(), local);
                (text.contains("nc "), text.contains("irssi -c "))
            };
            assert_eq!(tools(Speaks::Anything), (true, true));
            assert_eq!(tools(Speaks::Plain), (true, false));
            assert_eq!(tools(Speaks::Irc), (false, true));
        }
        for (speaks, shown) in
            [(Speaks::Anything, true), (Speaks::Plain, false), (Speaks::Web, true)]
        {
            let text = hints_where(CommandName::Chat, speaks, Listen::Any(7), Some("[::1]:7"));
            assert_eq!(text.contains("http://[::1]:7/\n"), shown, "{text}");
        }
        let echo = hints_for(CommandName::Echo, Listen::Any(7), Some("[::]:7"));
        assert!(!echo.contains("irssi"), "{echo}");
    }
}
