//! The lists of words that say concepts, and the table that is made of them.

#[path = "../../examples/concepts/table.rs"]
mod table;

/// Whoever mends a list remakes the table: `cargo run --release --example concepts`.
#[test]
fn the_table_of_concepts_is_what_the_lists_say() {
    let made = table::compile(&table::SOURCES).expect("the lists can be read");
    let carried = include_bytes!("../../src/features/concepts.bin");
    assert!(
        made == carried,
        "src/features/concepts.bin is not what the lists say: cargo run --release --example concepts"
    );
}

#[test]
fn a_list_that_cannot_be_read_says_where() {
    let check = |sources: &[(&str, &str)], expected: &str| {
        let said = table::compile(sources).expect_err("it is no list").to_string();
        assert!(said.contains(expected), "{said}");
    };
    check(&[], "no language");
    check(&[("en", "rubric: digest\nresign quit")], "a line without `:`: `resign quit`");
    check(&[("en", "resign: quit")], "`rubric` comes first");
    check(&[("en", "rubric: digest\nresign: quit\nresign: step down")], "`resign` comes twice");
    check(&[("en", "rubric: digest\nresign !appoint: quit")], "no concept is called `appoint`");
    check(&[("en", "rubric: digest"), ("de", "resign: Rücktritt")], "de: no concept is called `resign`");
}
