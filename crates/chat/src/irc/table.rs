//! What an IRC client may ask for, as one table.
//!
//! Invariant: what is in the table is all there is: parsing, refusals and costs come from it.

use service::Key;
use wire::irc::Message;

use super::command::*;
use crate::switchboard::Switchboard;

/// One command.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Without so many parameters, none of them empty, it is refused (461).
    pub(crate) least: usize,
    pub(crate) when: When,
    pub(crate) cost: Cost,
    pub(crate) run: fn(&mut Switchboard, Key, &Message<'_>),
    /// How it is written, a colon, and what it does, for HELP. One line.
    pub(crate) help: &'static str,
}

/// When it may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At any time.
    Always,
    /// Once registered (else 451).
    Registered,
    /// By server operators (else 481).
    Operator,
    /// Before that only (else 462).
    Unregistered,
}

/// What it costs of what a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Nothing.
    Free,
    /// A line.
    Line,
    /// [`Limits::heavy_command`](crate::Limits::heavy_command) lines: its answer is long.
    Heavy,
    /// One of the [budget for asking who is who](crate::Limits::who_budget); when that is used up,
    /// as `Heavy`.
    Who,
    /// One of the [budget for history](crate::Limits::history_budget); when that is used up, as
    /// `Heavy`.
    History,
}

/// All commands, in the order of their names.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = {
    use Cost::*;
    use When::*;
    const fn row(
        name: &'static str, least: usize, when: When, cost: Cost,
        run: fn(&mut Switchboard, Key, &Message<'_>), help: &'static str,
    ) -> Row {
        Row { name, least, when, cost, run, help }
    }
    &[
        row("ADMIN",   0, Registered,  Line,  server::admin,
            "ADMIN [server]: where to write to about the server"),
        row("AWAY",    0, Always,      Line,  away::away,
            "AWAY [:text]: will not answer for a while; without a text: is back"),
        row("BATCH",   1, Registered,   Line,  batch::batch,
            "BATCH +name draft/multiline target, BATCH -name: begins and ends a message of several lines"),
        row("CAP",     1, Always,       Line,  cap::cap,
            "CAP LS|LIST|REQ|END [...]: which extensions a client and the server use"),
        row("CHATHISTORY", 0, Registered, History, chathistory::chathistory,
            "CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN|TARGETS ...: what was said in a room"),
        row("CHGHOST", 2, Operator,     Line,  operator::chghost,
            "CHGHOST name host: where somebody is seen to come from, for server operators"),
        row("DIE",     0, Operator,     Line,  operator::die,
            "DIE: ends the server, for server operators"),
        row("DLINE",   1, Operator,     Line,  ban::dline,
            "DLINE [duration] address|network [:reason]: bans addresses from the server"),
        row("HELP",    0, Registered,  Line,  help::help,
            "HELP [command]: what may be asked for"),
        row("HELPOP",  0, Registered,  Line,  help::help,
            "HELPOP [command]: the same as HELP"),
        row("INFO",    0, Registered,  Line,  server::info,
            "INFO [server]: what the server is"),
        row("INVITE",  0, Registered,   Line,  invite::invite,
            "INVITE name #room: asks somebody into a room; INVITE: where you were asked to come"),
        row("ISON",    1, Registered,  Line,  whois::ison,
            "ISON nick{ nick}: which of these people are there"),
        row("ISUPPORT",0, Always,      Line,  server::isupport,
            "ISUPPORT: what the server supports"),
        row("JOIN",    1, Registered,   Line,  join::join,
            "JOIN #room{,#room} [key{,key}]: comes into rooms, or makes them; JOIN 0 leaves all"),
        row("KICK",    2, Registered,   Line,  kick::kick,
            "KICK #room name{,name} [:comment]: puts people out of a room"),
        row("KILL",    1, Operator,     Line,  operator::kill,
            "KILL name [:reason]: puts somebody out, for server operators"),
        row("KLINE",   1, Operator,     Line,  ban::kline,
            "KLINE [duration] user@host [:reason]: bans a mask from the server"),
        row("LINKS",   0, Registered,  Line,  server::links,
            "LINKS [[server] mask]: which servers there are"),
        row("LIST",    0, Registered,  Heavy, list::list,
            "LIST [condition{,condition}]: which rooms there are: #mask !#mask >users <users C>minutes C<minutes T>minutes T<minutes"),
        row("LUSERS",  0, Registered,   Line,  server::lusers,
            "LUSERS: how many people and rooms there are"),
        row("MARKREAD", 0, Registered, Line,   markread::markread,
            "MARKREAD target [timestamp=time]: how far one has read"),
        row("METADATA", 2, Registered, Heavy,  metadata::metadata,
            "METADATA target|* GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC [...]: what is said of people and rooms"),
        row("MODE",    1, Registered,   Line,  mode::mode,
            "MODE #room [+modes-modes {parameter}]: what a room allows and whom it ranks; MODE nick [+modes-modes]: what holds for yourself"),
        row("MONITOR", 1, Registered,  Line,  monitor::monitor,
            "MONITOR +|- nick{,nick} or MONITOR C|L|S: whose comings and goings to be told of"),
        row("MOTD",    0, Registered,   Heavy, server::motd,
            "MOTD [server]: the message of the day"),
        row("NAMES",   0, Registered,   Heavy, names::names,
            "NAMES #room: who is in a room"),
        row("NICK",    0, Always,       Line,  nick::nick,
            "NICK name: takes a name"),
        row("NOTICE",  0, Registered,   Line,  message::notice,
            "NOTICE target{,target} :text: says something that no program answers"),
        row("OPER",    2, Registered,   Line,  operator::oper,
            "OPER name password: proves to be a server operator"),
        row("PART",    1, Registered,   Line,  join::part,
            "PART #room{,#room} [:reason]: leaves rooms"),
        row("PASS",    1, Unregistered, Free,  registration::pass,
            "PASS password: given first, to a server that wants one"),
        row("PING",    0, Registered,   Line,  ping::ping,
            "PING token: is answered with PONG, behind all that was asked for before"),
        row("PONG",    0, Always,       Line,  ping::pong,
            "PONG token: the answer to a PING of the server"),
        row("PRIVMSG", 0, Registered,   Line,  message::privmsg,
            "PRIVMSG target{,target} :text: says something to rooms or people"),
        row("QUIT",    0, Always,       Free,  quit::quit,
            "QUIT [:reason]: goodbye"),
        row("REDACT",  2, Registered,   Line,  redact::redact,
            "REDACT #room id [:reason]: takes back something that was said"),
        row("REHASH",  0, Operator,     Line,  operator::rehash,
            "REHASH: reads the configuration again, for server operators"),
        row("RENAME",  2, Registered,   Heavy, rename::rename,
            "RENAME #old #new [:reason]: gives a room another name"),
        row("RLINE",   1, Operator,     Line,  ban::rline,
            "RLINE [duration] real?name [:reason]: bans real names from the server"),
        row("SETNAME", 1, Registered,  Line,  away::setname,
            "SETNAME :real name: says what your real name is"),
        row("STATS",   0, Registered,  Line,  server::stats,
            "STATS u [server]: how long the server has been up; STATS k, d, r: whom it keeps out, for operators"),
        row("TAGMSG",  1, Registered,   Line,  message::tagmsg,
            "TAGMSG target{,target}: sends tags without text"),
        row("TIME",    0, Registered,  Line,  server::time,
            "TIME [server]: what time it is"),
        row("TOPIC",   1, Registered,   Line,  topic::topic,
            "TOPIC #room [:text]: what a room is about"),
        row("UNDLINE", 1, Operator,     Line,  ban::undline,
            "UNDLINE address|network: lifts a ban"),
        row("UNKLINE", 1, Operator,     Line,  ban::unkline,
            "UNKLINE user@host: lifts a ban"),
        row("UNRLINE", 1, Operator,     Line,  ban::unrline,
            "UNRLINE real?name: lifts a ban"),
        row("UNZLINE", 1, Operator,     Line,  ban::undline,
            "UNZLINE address|network: lifts a ban"),
        row("USER",    4, Unregistered, Free,  registration::user,
            "USER user 0 * :real name: given first, with NICK"),
        row("USERHOST",1, Registered,  Line,  whois::userhost,
            "USERHOST nick{ nick}: where up to five people come from"),
        row("VERSION", 0, Registered,  Heavy, server::version,
            "VERSION [server]: which program this is, and what it supports"),
        row("WALLOPS", 1, Operator,     Line,  operator::wallops,
            "WALLOPS :text: tells all who want to hear of the server, for server operators"),
        row("WHO",     0, Registered,  Who, who::who,
            "WHO [mask [o][%fields[,token]]]: who is in a room, or is like a mask"),
        row("WHOIS",   0, Registered,  Who, whois::whois,
            "WHOIS [server] nick{,nick}: who somebody is"),
        row("WHOWAS",  0, Registered,  Who, whois::whowas,
            "WHOWAS nick [count]: who had this name"),
        row("ZLINE",   1, Operator,     Line,  ban::dline,
            "ZLINE [duration] address|network [:reason]: bans addresses from the server"),
    ]
};

impl Row {
    /// The command with this name, in whatever case.
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        let letter = name.bytes().next()?.to_ascii_uppercase().checked_sub(b'A')?;
        let [from, to] = *FIRST.get(usize::from(letter)..)?.first_chunk()?;
        let like = &TABLE[usize::from(from)..usize::from(to)];
        let written_so = like.iter().find(|row| row.name == name);
        written_so.or_else(|| like.iter().find(|row| row.name.eq_ignore_ascii_case(name)))
    }
}

/// Where in the table the commands begin whose first letter is A, B, and so on; and where it ends.
const FIRST: [u8; 27] = {
    let mut first = [TABLE.len() as u8; 27];
    let mut at = TABLE.len();
    while at > 0 {
        at -= 1;
        let letter = TABLE[at].name.as_bytes()[0] - b'A';
        // Letters that no command begins with begin where the next one does.
        let mut upto = letter as usize + 1;
        while upto > 0 && first[upto - 1] as usize > at {
            upto -= 1;
            first[upto] = at as u8;
        }
    }
    first
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(TABLE.iter().all(|row| row.name.bytes().all(|byte| byte.is_ascii_uppercase())));
    }

    #[test]
    fn a_command_is_found_in_whatever_case() {
        for row in TABLE {
            for name in [row.name.to_owned(), row.name.to_ascii_lowercase()] {
                assert_eq!(Row::of(&name).map(|found| found.name), Some(row.name));
            }
        }
        for name in ["", "A", "PRIVMS", "PRIVMSGS", "ZZ", "\u{e9}", "PRIVMSGPRIVMSG"] {
            assert!(Row::of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn help_begins_with_the_command() {
        for Row { name, help, .. } in TABLE {
            let rest = help.strip_prefix(name).unwrap_or_else(|| panic!("{name}: {help}"));
            assert!(rest.starts_with([' ', ':']) && rest.contains(": "), "{help}");
        }
    }
}
