//! The file itself: which one it is, its text, and how much of that text values keep.

use super::*;

#[test]
fn json_is_yaml_and_a_byte_order_mark_is_no_text() {
    let json = "\u{feff}{\n\t\"namespaces\": [\"a\"],\n\t\"registries\": [{\"host\": \"a.example.com\", \
                \"username\": \"u\", \"password\": \"\\u0041\\/\\ud83d\\ude00\"}]\n}\n";
    assert_eq!(password(&from_file(json, &[]).unwrap(), 0), "A/😀");
}

#[test]
fn passwords_keep_their_text_and_warn_once() {
    for text in ["012345", "true", "1e5", "0x10", "off", "2001-01-01", "'~'", "\"null\"", "!!str 5", "a#b"] {
        let yaml = ONE
            .replace("{env: PASS}}", &format!("{text}}}, {{host: b.example.com, username: u, password: x}}"));
        let loaded = from_file(yaml, &[]).unwrap();
        let expected = text.trim_start_matches("!!str ").trim_matches(['\'', '"']);
        assert_eq!(password(&loaded, 0), expected);
        assert_eq!(
            loaded.warnings,
            ["c.yaml:2: registries[0].password: is plain text (and 1 more); \
              better write {file: PATH}, {env: NAME} or {secret: {...}}"]
        );
    }
}

#[test]
fn a_file_loses_its_last_newlines_only() {
    let place = Place::new();
    for (content, expected) in
        [("p\n", "p"), (" p \r\n\r\n", " p "), ("p\r", "p\r"), ("\np", "\np"), ("p\0\n", "p\0")]
    {
        let path = place.write("p", content);
        let yaml = ONE.replace("env: PASS", &format!("file: {}", path.display()));
        assert_eq!(password(&from_file(yaml, &[]).unwrap(), 0), expected, "{content:?}");
    }
}

#[test]
fn the_file_is_chosen() {
    let place = Place::new();
    let other = |name: &str| ONE.replace("default", name);
    place.write("old.yaml", other("old"));
    let chosen =
        |file, env: &[_]| place.load(file, env).unwrap().config.namespaces.listed().unwrap().remove(0);
    assert_eq!(chosen(None, &[]), "old");
    place.write("usual.yaml", other("usual"));
    assert_eq!(chosen(None, &[]), "usual");
    place.write("conf.yaml", other("conf"));
    assert_eq!(chosen(None, &[("CONF_FILE", "ROOT/conf.yaml"), ("PULLKEEPER_CONFIG", "")]), "conf");
    place.write("own.yaml", other("own"));
    assert_eq!(
        chosen(None, &[("CONF_FILE", "ROOT/conf.yaml"), ("PULLKEEPER_CONFIG", "ROOT/own.yaml")]),
        "own"
    );
    place.write("flag.yaml", other("flag"));
    assert_eq!(chosen(Some("flag.yaml"), &[("PULLKEEPER_CONFIG", "ROOT/none.yaml")]), "flag");
}

#[test]
fn text_that_is_no_yaml_of_ours() {
    assert_told(vec![
        (
            "a: [".into(),
            "c.yaml:1: is not valid YAML: unclosed bracket '['; check quotes, brackets and indentation there",
        ),
        (
            "namespaces: [a]\n\tb: c\n".into(),
            "c.yaml:2: is not valid YAML: while parsing a block mapping, did not find expected key; check quotes, brackets and indentation there",
        ),
        (
            "namespaces: [a]\nnamespaces: [b]\n".into(),
            "c.yaml:2: the key 'namespaces' is on line 1 already; keep one of them",
        ),
        ("[a, b]".into(), "c.yaml:1: is not a mapping; write keys, such as namespaces: [default]"),
        ("text".into(), "c.yaml:1: is not a mapping; write keys, such as namespaces: [default]"),
        (more("---\na: b\n"), "c.yaml:3: a second document starts here; keep one"),
        (
            more("pods: &p {<<: *p}\n"),
            "c.yaml:3: the merge key '<<' is not supported; repeat the keys instead",
        ),
        (
            more("pods: &p {heal: *p}\n"),
            "c.yaml:3: an alias stands within its own anchor; write the value out",
        ),
        (more("? [a]\n: b\n"), "c.yaml:3: a key is not plain text; write a name"),
        (reg("password: {hunter2, hunter2}"), "c.yaml:3: the key is on line 3 already; keep one of them"),
        (
            reg("password: !hunter2"),
            "c.yaml:3: a value has a YAML tag; put text that starts with ! in quotes",
        ),
        (
            reg("password: *hunter2"),
            "c.yaml:3: is not valid YAML: while parsing node, found unknown anchor; check quotes, brackets and indentation there",
        ),
        (
            format!("a: {}{}", "[".repeat(40), "]".repeat(40)),
            "c.yaml:1: is nested too deeply; no setting is that deep",
        ),
    ]);
}

#[test]
fn errors_about_the_file() {
    let place = Place::new();
    std::fs::create_dir(place.0.path().join("folder")).unwrap();
    place.write("latin1", b"namespaces: [a]\n# \xe4\n");
    place.write("large", vec![b'#'; (1 << 20) + 1]);
    let table = [
        (
            Some("none"),
            vec![],
            "none: does not exist, but --config names it; write the path of a configuration file",
        ),
        (
            None,
            vec![("PULLKEEPER_CONFIG", "ROOT/none")],
            "none: does not exist, but PULLKEEPER_CONFIG names it; write the path of a configuration file",
        ),
        (
            None,
            vec![("CONF_FILE", "ROOT/none")],
            "none: does not exist, but CONF_FILE names it; write the path of a configuration file",
        ),
        (
            Some("folder"),
            vec![],
            "folder: is a directory, but --config names it; write the path of a file in it",
        ),
        (Some("latin1"), vec![], "latin1:2: is not UTF-8; save the file as UTF-8"),
        (Some("large"), vec![], "large: is larger than 1 MiB; write the path of a configuration file"),
        (
            None,
            vec![],
            "no configuration file: namespaces: is missing; name a file with --config or PULLKEEPER_CONFIG, or put it at /etc/pullkeeper/config.yaml",
        ),
        (
            None,
            vec![("PULLKEEPER_NAMESPACES", "[a]")],
            "no configuration file: registries: names no registry; name a file with --config or PULLKEEPER_CONFIG, or put it at /etc/pullkeeper/config.yaml",
        ),
    ];
    for (file, env, message) in table {
        assert_eq!(place.load(file, &env).unwrap_err(), message);
    }
}
