//! Whatever is in a file, it is no reason to panic; whatever is a password, it arrives.

use proptest::prelude::*;

use super::presets::OLDEST;
use super::*;

proptest! {
    #[test]
    fn no_file_makes_it_panic(bytes in any::<Vec<u8>>(), yaml in "([a-z]{1,3}|[ \n]|[-:?,#&*!|>'\"%@{}]|\\[|\\]|\\t|<<: ){0,60}") {
        let _ = from_file(bytes, &[]);
        let _ = from_file(format!("{OLDEST}{yaml}"), &[("PULLKEEPER_REGISTRIES", &yaml)]);
    }

    #[test]
    fn a_quoted_password_comes_back(text in any::<String>(), printable in "[ -~]{1,20}") {
        prop_assume!(!text.is_empty());
        let escaped: Vec<_> = text.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
        let escaped = escaped.concat();
        for (quoted, expected) in [
            (format!("\"{escaped}\""), &text),
            (serde_json::to_string(&printable).unwrap(), &printable),
            (format!("'{}'", printable.replace('\'', "''")), &printable),
        ] {
            let loaded = from_file(ONE.replace("{env: PASS}", &quoted), &[]).unwrap();
            prop_assert_eq!(&password(&loaded, 0), expected);
        }
    }
}
