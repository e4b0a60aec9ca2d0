//! Station: panics of the libraries that read feeds, caught and made a message.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_CONTAINING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is at work whose panics are caught here. The hook that prints panics runs before they are caught, and asks.
pub fn is_containing() -> bool {
    IS_CONTAINING.get()
}

/// The outcome of some work. It must own, or throw away, whatever it may leave half done.
///
/// # Errors
/// The message of its panic.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let was = IS_CONTAINING.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_CONTAINING.set(was);
    done.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use crate::parse::contain::{contained, is_containing};

    #[test]
    fn a_panic_becomes_its_message_and_the_thread_goes_on() {
        assert_eq!(contained(is_containing), Ok(true));
        assert_eq!(contained(|| panic!("at byte {}", 7)), Err::<(), _>("at byte 7".to_owned()));
        assert_eq!(contained(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(contained(|| std::panic::panic_any(7)), Err::<(), _>("no message".to_owned()));
        assert_eq!(
            contained(|| (contained(|| panic!("inner")), is_containing())),
            Ok((Err::<(), _>("inner".to_owned()), true))
        );
        assert!(!is_containing());
    }
}
