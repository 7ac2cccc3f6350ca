//! The table of cases for readers, held to what is tested.

use std::collections::{BTreeMap, BTreeSet};

once![every_case_stands_in_the_table_and_every_number_has_its_line];

/// What is tested: `part::case`, and on which engines.
fn tested() -> BTreeMap<String, &'static [&'static str]> {
    let parts = [
        ONCE,
        crate::bytes::CASES,
        crate::closing::CASES,
        crate::connecting::CASES,
        crate::descriptors::CASES,
        crate::fairness::CASES,
        crate::listening::CASES,
        crate::listening::ONCE,
        crate::lookup::CASES,
        crate::loops::CASES,
        crate::loops::ONCE,
        crate::modify::CASES,
        crate::offers::CASES,
        crate::offers::ONCE,
        crate::registration::CASES,
        crate::rings::CASES,
        crate::signals::CASES,
        crate::sockets::CASES,
        crate::states::CASES,
        crate::stopping::CASES,
        crate::time::CASES,
        crate::unregister::CASES,
        crate::waiting::CASES,
        crate::waking::CASES,
        crate::waking::ONCE,
    ];
    let cases = parts.into_iter().flatten().map(|&(part, case, engines)| {
        let (_binary, part) = part.split_once("::").expect("a part is a module");
        (format!("{part}::{case}"), engines)
    });
    cases.collect()
}

fn every_case_stands_in_the_table_and_every_number_has_its_line() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract.md");
    let table = std::fs::read_to_string(path).expect("docs/contract.md is there");
    let tested = tested();

    let mut numbers = BTreeSet::new();
    let mut named = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with('|')) {
        let first = line.split('|').nth(1).map(str::trim);
        if let Some(number) = first.and_then(|first| first.parse::<u32>().ok()) {
            assert!(numbers.insert(number), "case {number} stands there twice");
        }
        for name in line.split('`').skip(1).step_by(2).filter(|name| name.contains("::")) {
            assert!(tested.contains_key(name), "the table names {name}, and there is no such test");
            named.insert(name.to_owned());
        }
    }
    assert!(numbers.iter().copied().eq(1..=78), "each of the 78 has its line: {numbers:?}");
    let missing: Vec<_> = tested.keys().filter(|name| !named.contains(*name)).collect();
    assert!(missing.is_empty(), "the table does not name {missing:#?}");
    assert!(tested.values().all(|engines| !engines.is_empty()));
}
