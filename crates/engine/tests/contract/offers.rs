//! Which engines there are, and what happens where the kernel refuses one.

use engine::{Choice, Engine, Options};

use crate::support::{Scene, options, refusing};

on_every_engine![an_engine_that_was_asked_for_is_that_one];
once![
    a_refused_io_uring_is_fallen_back_from_and_named,
    whatever_is_refused_the_next_best_is_taken,
    an_engine_asked_for_by_name_is_refused_by_name,
    an_engine_is_missing_only_where_the_kernel_refuses_it,
    choices_read_what_they_write,
];

fn an_engine_that_was_asked_for_is_that_one(choice: Choice) {
    let scene = Scene::new(choice);
    assert_eq!(scene.engine.kind(), choice);
    assert!(scene.engine.why().contains(choice.name()), "{}", scene.engine.why());
}

/// Container runtimes answer EPERM; kernels without it, and gVisor, ENOSYS.
fn a_refused_io_uring_is_fallen_back_from_and_named() {
    for (errno, name) in [(libc::EPERM, "EPERM"), (libc::ENOSYS, "ENOSYS")] {
        refusing(&[libc::SYS_io_uring_setup], errno, |refusal| {
            refusal.apply();
            let engine = Engine::new(Options::default()).unwrap();
            assert_eq!(engine.kind(), Choice::Epoll);
            let why = engine.why();
            assert!(why.contains("no uring") && why.contains(name), "{why:?} names {name}");
            let (preferred, why) = engine::preferred().unwrap();
            assert_eq!((preferred, &*why), (engine.kind(), engine.why()));
            for offer in engine::survey() {
                assert_eq!(offer.available.is_err(), offer.choice == Choice::Uring, "{offer:?}");
            }
            // And it works.
            let mut scene = Scene::of(Options::default(), |_, _| ());
            scene.meet();
        });
    }
}

fn whatever_is_refused_the_next_best_is_taken() {
    let calls = [libc::SYS_io_uring_setup, libc::SYS_epoll_create1];
    refusing(&calls, libc::EPERM, |refusal| {
        refusal.apply();
        let engine = Engine::new(Options::default()).unwrap();
        assert_eq!(engine.kind(), Choice::Poll);
        assert!(engine.why().contains("no uring") && engine.why().contains("no epoll"));
    });
    // A kernel that has io_uring, and refuses to work with it later on.
    let calls = [libc::SYS_io_uring_enter, libc::SYS_io_uring_register];
    for call in calls {
        refusing(&[call], libc::ENOSYS, |refusal| {
            refusal.apply();
            let engine = Engine::new(Options::default()).unwrap();
            assert_eq!(engine.kind(), Choice::Epoll, "{}", engine.why());
        });
    }
}

fn an_engine_asked_for_by_name_is_refused_by_name() {
    refusing(&[libc::SYS_io_uring_setup], libc::EPERM, |refusal| {
        refusal.apply();
        let error = Engine::new(options(Choice::Uring)).err().expect("no other instead");
        assert!(error.to_string().contains("uring"), "{error}");
    });
    refusing(&[libc::SYS_epoll_create1], libc::EMFILE, |refusal| {
        refusal.apply();
        let error = Engine::new(options(Choice::Epoll)).err().expect("no other instead");
        assert!(error.to_string().contains("epoll"), "{error}");
    });
}

fn an_engine_is_missing_only_where_the_kernel_refuses_it() {
    for offer in engine::survey() {
        let Err(why) = &offer.available else { continue };
        assert_eq!(offer.choice, Choice::Uring, "{why}");
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let major = release.split('.').next().and_then(|major| major.parse::<u32>().ok());
        // Multishot receive came with 6.0.
        let is_old = major.is_some_and(|major| major < 6);
        let is_refused = io_uring::IoUring::new(8).is_err();
        assert!(is_old || is_refused, "a ring can be made here, and yet: {why}");
    }
}

fn choices_read_what_they_write() {
    for choice in Choice::ALL.into_iter().chain([Choice::Auto]) {
        assert_eq!(choice.to_string().parse(), Ok(choice));
    }
    let error = "kqueue".parse::<Choice>().unwrap_err();
    assert!(Choice::ALL.iter().all(|choice| error.contains(choice.name())), "{error}");
}
