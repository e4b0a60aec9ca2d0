//! Door: documents during whose reading the process ended.

use jiff::Timestamp;
use rusqlite::TransactionBehavior;

use crate::model::{Document, FeedId, Health, Suspect};
use crate::store::{Store, StoreError};

impl Store {
    /// Every document under suspicion, by feed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn suspects(&self) -> Result<Vec<Suspect>, StoreError> {
        let mut statement = self.connection.prepare("SELECT feed, body_hash, count FROM deaths ORDER BY feed")?;
        let rows = statement.query_map([], |row| {
            let document = Document { feed: FeedId(row.get(0)?), body_hash: row.get::<_, i64>(1)?.cast_unsigned() };
            Ok(Suspect { document, deaths: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Counts one death for each of these documents. A feed's count is of one document: another one begins anew.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn count_deaths(&mut self, documents: &[Document], now: Timestamp) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for document in documents {
            // A number that no feed has is of another database that lay here.
            transaction
                .prepare_cached(
                    "INSERT INTO deaths (feed, body_hash, count, last) SELECT id, ?2, 1, ?3 FROM feeds WHERE id = ?1
                     ON CONFLICT (feed) DO UPDATE SET last = excluded.last, body_hash = excluded.body_hash,
                        count = CASE WHEN body_hash = excluded.body_hash THEN count + 1 ELSE 1 END",
                )?
                .execute((document.feed.0, document.body_hash.cast_signed(), now.as_millisecond()))?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Says of a feed, before it is asked again, that its document will not be read.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn quarantine(&mut self, feed: FeedId, detail: &str) -> Result<(), StoreError> {
        let values = (feed.0, Health::Quarantined.word(), detail);
        self.connection.execute("UPDATE feeds SET health = ?2, detail = ?3 WHERE id = ?1", values)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Document, FeedId, FeedWish, Suspect};
    use crate::store::Store;

    #[test]
    fn deaths_are_counted_in_a_row_and_for_one_document_alone() {
        let now = "2026-02-13T12:00:00Z".parse().unwrap();
        let mut store = Store::in_memory(0, now).unwrap();
        let wish = FeedWish::of_url("https://a.example/");
        store.add_feed(&wish, now).unwrap();
        let feed = store.feeds().unwrap()[0].id;
        let document = |body_hash| Document { feed, body_hash };
        let suspects = |deaths, body_hash| vec![Suspect { document: document(body_hash), deaths }];
        // Hashes use all 64 bits; a feed that is not there leaves no trace.
        let nobody = Document { feed: FeedId(99), body_hash: 1 };
        store.count_deaths(&[document(u64::MAX), nobody], now).unwrap();
        assert_eq!(store.suspects().unwrap(), suspects(1, u64::MAX));
        store.count_deaths(&[document(u64::MAX)], now).unwrap();
        assert_eq!(store.suspects().unwrap(), suspects(2, u64::MAX));
        store.count_deaths(&[document(7)], now).unwrap();
        assert_eq!(store.suspects().unwrap(), suspects(1, 7), "another document");
        let mut batch = store.batch().unwrap();
        batch.forget_deaths(feed).unwrap();
        batch.commit().unwrap();
        assert_eq!(store.suspects().unwrap(), []);

        store.count_deaths(&[document(7)], now).unwrap();
        store.add_feed(&wish, now).unwrap();
        assert_eq!(store.suspects().unwrap(), suspects(1, 7), "a feed that was there already is not added anew");
        store.remove_feed(&wish.url).unwrap();
        store.add_feed(&wish, now).unwrap();
        assert_eq!(store.suspects().unwrap(), []);
    }
}
