//! Engines that run side by side: what each has for itself.

use engine::{Choice, Options};
use service::{KeySpace, Request};

use crate::support::{Scene, options, read_exactly};

on_every_engine![keys_are_of_the_space_that_was_chosen];

fn keys_are_of_the_space_that_was_chosen(choice: Choice) {
    let spaces = [0, 1, 2].map(|number| KeySpace::one_of(number, 3));
    let mut scenes = spaces.map(|keys| Scene::of(Options { keys, ..options(choice) }, |_, _| ()));
    let mut seen = Vec::new();
    for (space, scene) in spaces.into_iter().zip(&mut scenes) {
        // Some at a time, and then again in places that were used.
        for _ in 0..2 {
            let peers: Vec<_> = (0..5).map(|_| scene.meet()).collect();
            for (key, peer) in &peers {
                assert!(space.contains(*key), "{key:?} is of another space than {space:?}");
                scene.send(*key, b"found");
                assert_eq!(scene.meanwhile(|| read_exactly(peer, 5)), b"found");
            }
            seen.extend(peers.iter().map(|(key, _)| *key));
            for (key, _peer) in &peers {
                scene.ask(Request::Abort(*key));
            }
            scene.until("all are over", |service| service.alive() == 0);
        }
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "no key is given twice");
}
