//! Remakes `src/features/concepts.bin` out of the lists of words in this folder, one for each language.
//!
//! usage: cargo run --release --example concepts [-- OUT]

mod table;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let out = std::env::args().nth(1).unwrap_or_else(|| "src/features/concepts.bin".to_owned());
    let bytes = table::compile(&table::SOURCES)?;
    std::fs::write(&out, &bytes).with_context(|| format!("cannot write `{out}`"))?;
    println!("{out}: {} languages, {} bytes", table::SOURCES.len(), bytes.len());
    Ok(())
}
