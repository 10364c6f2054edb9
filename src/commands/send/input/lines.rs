//! Reads one event a line. Whether a line is a good event is the server's to say.

use std::io::{BufRead, Read};

use super::super::batch::{Batcher, Stopped};
use super::{EVENT_BYTES_MAX, Input, InputError};

pub(super) fn read(mut input: Input, batcher: &mut Batcher) -> Result<Result<(), Stopped>, InputError> {
    let mut text = Vec::new();
    let mut line = 0;
    loop {
        text.clear();
        let limit = EVENT_BYTES_MAX as u64 + 1;
        let taken = input.reader.by_ref().take(limit).read_until(b'\n', &mut text);
        match taken {
            Err(reason) => return Err(input.unreadable(reason)),
            Ok(0) => return Ok(Ok(())),
            Ok(_) => line += 1,
        }
        if text.len() > EVENT_BYTES_MAX {
            return Err(InputError::TooLong { name: input.name, line });
        }
        // What stands before an event is kept, so that the columns of messages are those of the file.
        let event = text.trim_ascii_end();
        if !event.is_empty()
            && let Err(stopped) = batcher.write(line, |out| out.extend_from_slice(event))
        {
            return Ok(Err(stopped));
        }
        if input.is_drained()
            && let Err(stopped) = batcher.flush()
        {
            return Ok(Err(stopped));
        }
    }
}
