//! What should have come and did not.

use super::client::{Client, Membership, Stage, Standing};
use super::room::{Reader, Waiting};
use super::{PATIENCE_MS, Private, Soak};

impl Client {
    pub(super) fn reader(&self, slot: usize, membership: &Membership) -> Reader {
        let Membership { since, cursor, .. } = *membership;
        Reader { slot, echoes: self.echoes(), since, cursor }
    }
}

/// Somebody who must receive `said`, if there is anybody.
fn hearer(
    clients: &[Client],
    members: &[usize],
    room: usize,
    id: u64,
    said: &Waiting,
) -> Option<usize> {
    members.iter().copied().find(|&slot| {
        let client = &clients[slot];
        let is_in = |membership: &Membership| {
            membership.standing == Standing::Sure && membership.since < id
        };
        !said.may_be_lost
            && (slot != said.author || client.echoes())
            && client.is_well()
            && client.membership(room).is_some_and(is_in)
    })
}

impl Soak {
    /// What `slot` has just said may have been lost with its connection.
    pub(super) fn excuse_lines_of(&mut self, slot: usize) {
        for membership in &self.clients[slot].rooms {
            for said in self.rooms[membership.room].waiting.values_mut() {
                said.may_be_lost |= said.author == slot;
            }
        }
        for private in self.privates.values_mut() {
            private.may_be_lost |= private.from == slot;
        }
    }

    /// Whether `slot` has had all that it must of `room`, up to when it began to leave.
    pub(super) fn check_owed(&mut self, slot: usize, number: usize, when: &str) {
        let client = &self.clients[slot];
        let Some(membership) = client.membership(number) else {
            return;
        };
        if membership.standing == Standing::Joining || client.is_forgiven {
            return;
        }
        let reader = client.reader(slot, membership);
        let missing: Vec<u64> =
            self.rooms[number].missing(&reader, membership.owed).map(|line| line.id).collect();
        if let Some(first) = missing.first() {
            let (who, count) = (self.who(slot), missing.len());
            self.fault(format!("{who} lost {count} in room {number} {when}, the first {first}"));
        }
    }

    /// Finds what is owed for too long, and lets go of what all have.
    pub(super) fn look_for_losses(&mut self) {
        let horizon = self.now_ms.saturating_sub(PATIENCE_MS);
        self.settle_until(horizon);
        for slot in 0..self.clients.len() {
            let client = &self.clients[slot];
            let late = match client.stage {
                Stage::Coming { since_ms } | Stage::Ending { since_ms } => since_ms < horizon,
                Stage::Down { .. } => false,
                Stage::Up => client.syncs.front().is_some_and(|sync| sync.asked_ms < horizon),
            };
            if late && !client.is_forgiven {
                let what = format!("{:?} after {:?}", client.syncs.front(), client.last_line);
                self.fault(format!("{} waits for too long: {what}", self.who(slot)));
                self.excuse_lines_of(slot);
                self.clients[slot].drop_connection(true);
                self.forget(slot);
            }
        }
    }

    /// What was said and heard before `horizon` must have come to everybody by now.
    fn settle_until(&mut self, horizon: u64) {
        let mut faults = Vec::new();
        for (number, room) in self.rooms.iter_mut().enumerate() {
            let old = room.order.iter().take_while(|line| line.heard_ms <= horizon).count();
            let until = room.base + old as u64;
            for &slot in &room.members {
                let client = &mut self.clients[slot];
                if client.is_forgiven {
                    continue;
                }
                let Some(membership) = client.membership(number) else {
                    continue;
                };
                if membership.standing == Standing::Joining || old == 0 {
                    continue;
                }
                let reader = client.reader(slot, membership);
                let mut missing = room.missing(&reader, until);
                if let Some(first) = missing.next() {
                    let count = missing.count() + 1;
                    faults
                        .push((slot, format!("lost {count} in room {number}, first {}", first.id)));
                }
                if let Some(cursor) =
                    client.membership_mut(number).and_then(|one| one.cursor.as_mut())
                {
                    *cursor = until.max(*cursor);
                }
            }
            room.order.drain(..old);
            room.base = until;
            let clients = &self.clients;
            let members = &room.members;
            room.waiting.retain(|&id, said| {
                if said.said_ms > horizon {
                    return true;
                }
                if let Some(slot) = hearer(clients, members, number, id, said) {
                    let author = said.author;
                    faults.push((
                        slot,
                        format!("and all others never got {id} of {author} in room {number}"),
                    ));
                }
                false
            });
        }
        let clients = &self.clients;
        self.privates.retain(|&id, private| {
            if private.said_ms > horizon {
                return true;
            }
            let to = &clients[private.to];
            if to.is_well() && to.names == private.name && !private.may_be_lost {
                faults.push((private.to, format!("never got private {id} of {}", private.from)));
            }
            false
        });
        for (slot, what) in faults {
            self.fault(format!("{} {what}", self.who(slot)));
        }
    }

    /// Whether nothing is on its way any more.
    pub(super) fn is_settled(&self) -> bool {
        let is_private_due = |private: &Private| {
            let to = &self.clients[private.to];
            to.is_well() && to.names == private.name && !private.may_be_lost
        };
        !self.privates.values().any(is_private_due)
            && self.unsent.is_empty()
            && self.clients.iter().all(|client| {
                matches!(client.stage, Stage::Up | Stage::Down { .. }) && client.syncs.is_empty()
            })
            && self.rooms.iter().enumerate().all(|(number, room)| {
                let missing = |&slot: &usize| {
                    let client = &self.clients[slot];
                    client.membership(number).is_some_and(|membership| {
                        !client.is_forgiven
                            && room.missing(&client.reader(slot, membership), room.end()).count()
                                > 0
                    })
                };
                let is_due = |(&id, said): (&u64, &Waiting)| {
                    hearer(&self.clients, &room.members, number, id, said).is_some()
                };
                !room.waiting.iter().any(is_due) && !room.members.iter().any(missing)
            })
    }

    /// Everybody has been silent for long enough: nothing may be missing.
    pub(super) fn look_for_remains(&mut self) {
        self.settle_until(self.now_ms);
    }
}
