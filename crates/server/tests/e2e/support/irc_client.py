"""A small IRC client over the library `irc`: what happens is printed, a line for each event, and
what stands on standard input is done. Arguments: port, nick.

Meant for any version of the library, from Debian 12's on."""

import os
import select
import sys

import irc.client

SHOWN = {
    "welcome": "welcome {text}",
    "namreply": "names {arguments[1]} {arguments[2]}",
    "pubmsg": "<{who}> {text}",
    "privmsg": "<{who} to {target}> {text}",
    "privnotice": "-{who}- {text}",
    "action": "* {who} {text}",
    "join": "{who} joined {target}",
    "part": "{who} left {target}",
    "quit": "{who} quit",
    "nick": "{who} is {target}",
    "currenttopic": "topic {arguments[1]}",
    "topic": "topic {text}",
    "disconnect": "disconnected",
}


def show(connection, event):
    if event.type not in SHOWN:
        return
    who = event.source.split("!")[0] if event.source else ""
    text = event.arguments[-1] if event.arguments else ""
    print(
        SHOWN[event.type].format(who=who, target=event.target, text=text, arguments=event.arguments)
    )


def obey(connection, line):
    verb, _, rest = line.partition(" ")
    if verb == "/me":
        connection.action("#lobby", rest)
    elif verb == "/msg":
        connection.privmsg(*rest.split(" ", 1))
    elif verb == "/nick":
        connection.nick(rest)
    elif verb == "/join":
        connection.join(rest)
    elif verb == "/quit":
        connection.quit("bye")
    else:
        connection.privmsg("#lobby", line)


def main(port, nick):
    # The class was called IRC once.
    reactor = getattr(irc.client, "Reactor", None) or irc.client.IRC
    reactor = reactor()
    reactor.add_global_handler("all_events", show)
    connection = reactor.server().connect("127.0.0.1", int(port), nick)
    typed = b""
    while connection.is_connected():
        # The library's timers need no attention here.
        ready, _, _ = select.select([connection.socket, 0], [], [])
        if 0 in ready:
            *lines, typed = (typed + os.read(0, 4096)).split(b"\n")
            for line in lines:
                obey(connection, line.decode())
        if connection.socket in ready:
            reactor.process_once()


main(*sys.argv[1:])
