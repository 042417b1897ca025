//! Memory to read into, used again by the next file: the system gives new memory page by page, and
//! a list of small files would spend much of its time there.

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

/// How many buffers a thread keeps: those of one file.
const KEPT: usize = 3;

/// Bytes of the largest buffer that is kept.
const LARGEST: usize = 128 << 10;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes of some length, with anything in them; given back when it is dropped.
pub(super) struct Buffer {
    /// Never made shorter: what is made longer again would be written with zeroes first.
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(super) fn of(len: usize) -> Self {
        let mut bytes = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        if bytes.len() < len {
            bytes.resize(len, 0);
        }
        Self { bytes, len }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes.capacity() <= LARGEST {
            SPARE.with_borrow_mut(|spare| {
                if spare.len() < KEPT {
                    spare.push(std::mem::take(&mut self.bytes));
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_the_length_that_was_asked_for_and_is_used_again() {
        for len in [100, 10, 200, 0, 2 * LARGEST, 50] {
            let mut buffer = Buffer::of(len);
            assert_eq!(buffer.len(), len);
            buffer.fill(1);
            buffer.truncate(len / 2);
            assert_eq!(buffer.len(), len / 2);
        }
        let buffers: Vec<_> = (0..2 * KEPT).map(|_| Buffer::of(1)).collect();
        drop(buffers);
        assert_eq!(SPARE.with_borrow(Vec::len), KEPT);
    }
}
