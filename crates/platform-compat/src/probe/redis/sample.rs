//! Which keys expire: the first ones that `SCAN` comes by, which are no particular ones.

use redis::aio::MultiplexedConnection;
use redis::{RedisError, cmd, pipe};

/// As many keys are looked at; more would not change the verdict and would cost the server time.
const ENOUGH: usize = 1000;
/// As many rounds are made: a large table with few keys answers many times with none.
const ROUNDS: usize = 50;
/// How many slots of its table the server looks at in one round.
const SLOTS: usize = 100;

/// What was seen of some keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// Keys that were looked at.
    pub keys: usize,
    /// Those that never expire.
    pub lasting: usize,
    /// The longest time that one of the others has left, in milliseconds.
    pub longest: u64,
}

/// Looks at some keys of the connection's database; fails with the command that was not allowed.
pub(super) async fn take(
    connection: &mut MultiplexedConnection,
) -> Result<Sample, (&'static str, RedisError)> {
    let mut sample = Sample::default();
    let mut cursor = 0_u64;
    for _ in 0..ROUNDS {
        let (next, keys): (u64, Vec<Vec<u8>>) = cmd("SCAN")
            .arg(cursor)
            .arg("COUNT")
            .arg(SLOTS)
            .query_async(connection)
            .await
            .map_err(|error| ("SCAN", error))?;
        let mut batch = pipe();
        for key in keys.iter().take(ENOUGH.saturating_sub(sample.keys)) {
            batch.cmd("PTTL").arg(key);
        }
        if !batch.is_empty() {
            let left: Vec<i64> = batch.query_async(connection).await.map_err(|error| ("PTTL", error))?;
            sample.add(&left);
        }
        if next == 0 || sample.keys >= ENOUGH {
            break;
        }
        cursor = next;
    }
    Ok(sample)
}

impl Sample {
    /// Counts what `PTTL` answered: -1 for a key that lasts, -2 for one that has gone meanwhile.
    fn add(&mut self, left: &[i64]) {
        for milliseconds in left.iter().copied().filter(|answer| *answer != -2) {
            self.keys += 1;
            match u64::try_from(milliseconds) {
                Ok(milliseconds) => self.longest = self.longest.max(milliseconds),
                Err(_) => self.lasting += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_went_meanwhile_do_not_count() {
        let mut sample = Sample::default();
        sample.add(&[-1, 500, -2, 20]);
        sample.add(&[-1]);
        assert_eq!(sample, Sample { keys: 4, lasting: 2, longest: 500 });
    }
}
