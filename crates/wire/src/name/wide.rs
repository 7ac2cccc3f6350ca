//! Names in other letters than those of ASCII (UAX #31, UTS #39).
//!
//! Invariant: a wide name is in normal form C, keeps to one script, and has only characters that
//! the Unicode consortium recommends for identifiers; so it can be typed, read out, and told from
//! others as well as names in that script can be. Which names look like which is for
//! [`lookalike`](super::lookalike) to say.

use unicode_ident::{is_xid_continue, is_xid_start};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::mixed_script::MixedScript;
use unicode_security::{GeneralSecurityProfile, skeleton};

use super::{Name, NotAName, check_ascii, is_ascii_allowed};

/// More than this is too long before its normal form is looked for: that takes at least a third of
/// the bytes (UAX #15), and long texts take long.
const LONGEST_TYPED_BYTES: usize = 3 * Name::MAX_BYTES;

/// The most marks upon one letter (UTS #39 section 5.4).
const MARKS: usize = 4;

/// The normal form of `text`, if it can be a name; of any length up to a bound.
pub(super) fn normalized(text: &str) -> Result<String, NotAName> {
    if text.len() > LONGEST_TYPED_BYTES {
        return Err(NotAName::TooLong { limit: Name::MAX_BYTES });
    }
    let name: String = text.nfc().collect();
    // The sign for kelvin, say, is a K.
    if name.is_ascii() {
        check_ascii(&name)?;
        return Ok(name);
    }
    check_characters(&name)?;
    check_marks(&name)?;
    if !name.is_single_script() || mixes_digits(&name) {
        return Err(NotAName::MixedScripts);
    }
    Ok(name)
}

fn check_characters(name: &str) -> Result<(), NotAName> {
    let allowed = |(place, c): (usize, char)| {
        if c.is_ascii() {
            return is_ascii_allowed((place, c));
        }
        c.identifier_allowed() && if place == 0 { is_xid_start(c) } else { is_xid_continue(c) }
    };
    match name.char_indices().find(|&at| !allowed(at)) {
        Some((_, c)) => Err(NotAName::Character(c)),
        None => Ok(()),
    }
}

/// No mark twice in a row, which nobody sees, and no tower of them.
fn check_marks(name: &str) -> Result<(), NotAName> {
    let (mut before, mut marks) = (None, 0);
    for c in name.nfd() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS || (marks > 1 && before == Some(c)) {
            return Err(NotAName::Character(c));
        }
        before = Some(c);
    }
    Ok(())
}

/// Digits of other scripts look like other digits of ASCII.
fn mixes_digits(name: &str) -> bool {
    name.contains(|c: char| c.is_ascii_digit())
        && name.contains(|c: char| !c.is_ascii() && c.is_numeric())
}

/// Whether two names, neither of ASCII, differ in case only.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    !one.is_ascii() && !other.is_ascii() && folded(one).eq(folded(other))
}

/// The characters of a name without their case. Taken apart before, and put in order after: a small
/// letter may have its marks in another order than its capital.
pub(super) fn folded(name: &str) -> impl Iterator<Item = char> {
    name.nfd().flat_map(char::to_lowercase).nfd()
}

/// What `name` looks like, in small letters: the skeleton of UTS #39 section 4, but with an `m` as
/// it is. It would be `rn`, and whoever is called modern would have to fear a modem.
pub(super) fn looks(name: &str) -> String {
    let decomposed: String = name.nfd().collect();
    let mut looks = String::with_capacity(decomposed.len());
    let mut bytes = [0; 4];
    for c in decomposed.chars() {
        match c {
            'm' => looks.push('m'),
            c => looks.extend(skeleton(c.encode_utf8(&mut bytes))),
        }
    }
    folded(&looks).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Charset, Name};
    use super::NotAName::{self, Character, MixedScripts, TooLong};
    use proptest::prelude::*;

    fn chosen(text: &str) -> Result<Name, NotAName> {
        Name::chosen_from(text, 32, Charset::Unicode)
    }

    #[test]
    fn any_script_makes_names() {
        for good in [
            "ада",
            "Δάφνη",
            "café",
            "Zoë",
            "łukasz",
            "学习",
            "さくら花",
            "カナ",
            "김철수",
            "मीरा",
            "สมชาย",
            "אדה",
            "علي",
            "ада-7",
            "[бот]",
            "học",
            "_юля_",
        ] {
            assert_eq!(chosen(good).map(|name| name.to_string()), Ok(good.to_owned()));
            assert!(Name::parse(good).is_ok());
            assert!(Name::chosen(good, 32).is_err(), "ASCII is what is asked for");
        }
        assert_eq!(chosen("Ada").unwrap().as_str(), "Ada");
    }

    #[test]
    fn what_is_no_wide_name_is_refused_for_its_reason() {
        for (bad, why) in [
            ("adа", MixedScripts),
            ("аda", MixedScripts),
            ("αда", MixedScripts),
            ("ада٣", MixedScripts),
            ("علي٣3", MixedScripts),
            ("ａｄａ", Character('ａ')),
            ("ада!", Character('!')),
            ("ада@х", Character('@')),
            ("7ада", Character('7')),
            ("-ада", Character('-')),
            ("ада\u{200d}", Character('\u{200d}')),
            ("ада\u{202e}", Character('\u{202e}')),
            ("а\u{1F600}", Character('\u{1F600}')),
            ("\u{301}ада", Character('\u{301}')),
            ("ада\u{301}\u{301}", Character('\u{301}')),
            ("ада ", Character(' ')),
            ("ʇpe", Character('ʇ')),
            ("абвгдежзиклмнопрс", TooLong { limit: 32 }),
        ] {
            assert_eq!(chosen(bad).unwrap_err(), why, "{bad:?}");
        }
        assert_eq!(Name::chosen_from("ада", 5, Charset::Unicode), Err(TooLong { limit: 5 }));
        assert_eq!(chosen(&"é".repeat(1000)), Err(TooLong { limit: 32 }));
        assert_eq!(Name::chosen_from("ада", 32, Charset::Ascii), Err(Character('а')));
    }

    #[test]
    fn a_name_is_one_however_it_is_typed() {
        assert_eq!(chosen("cafe\u{301}").unwrap().as_str(), "caf\u{e9}");
        assert_eq!(chosen("\u{212a}elvin").unwrap().as_str(), "Kelvin");
        assert_eq!(Name::parse("CAFE\u{301}").unwrap(), chosen("café").unwrap());
        assert_eq!(chosen("Вера").unwrap(), chosen("вЕРА").unwrap());
        // Its dot is a mark, behind another.
        assert_eq!(chosen("İ\u{326}").unwrap(), chosen("i\u{326}\u{307}").unwrap());
        assert_ne!(chosen("вера").unwrap(), chosen("вира").unwrap());
        assert_ne!(chosen("вера").unwrap(), chosen("vera").unwrap());
    }

    /// Texts of which many are names.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[а-яА-ЯёІ][а-яё\u{301}\u{306}0-9_-]{0,9}",
            "[a-zé-ÿIİ][a-zé-ÿ\u{300}-\u{304}0-9_-]{0,9}",
            "[α-ωΑ-Ωά-ώ]{1,9}",
            "[가-힣]{1,4}",
            "[ᄀ-ᄒ][ᅡ-ᅵ][ᆨ-ᇂ]?",
            "[ぁ-んァ-ヶ一-龠]{1,6}",
            "[\u{900}-\u{97f}]{1,6}",
            "[\u{5d0}-\u{5ea}]{1,6}",
            "\\w[\\w\\p{M}]{0,3}",
            "\\PC{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn any_text_is_a_clean_wide_name_or_none(text in text()) {
            if let Ok(name) = chosen(&text) {
                let shown = name.as_str();
                prop_assert!(shown.len() <= Name::MAX_BYTES);
                prop_assert_eq!(crate::text::clean(shown), shown);
                prop_assert!(!shown.contains(crate::text::is_invisible));
                let again = Name::parse(shown).unwrap();
                prop_assert_eq!(again.as_str(), shown, "it is normal already");
                prop_assert_eq!(Name::parse(&text).unwrap(), name);
                prop_assert_eq!(again.skeleton(), name.skeleton());
            }
        }
    }
}
