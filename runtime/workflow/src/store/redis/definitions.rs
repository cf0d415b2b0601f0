//! Definitions, and for how long they are kept.

use super::Redis;
use crate::Error;
use crate::store::SWEPT_MS;
use crate::store::reply::Reply;
use crate::store::script::{self, Call};

impl Redis {
    pub(super) async fn put_definition(&self, id: &str, text: &str) -> Result<(), Error> {
        let mut set = redis::cmd("SET");
        self.send(set.arg(self.keys.definition(id)).arg(text).arg("NX")).await.map(drop)
    }

    pub(super) async fn definition(&self, id: &str) -> Result<Option<String>, Error> {
        let found = self.send(redis::cmd("GET").arg(self.keys.definition(id))).await?;
        Ok(Reply::new(found).text())
    }

    pub(super) async fn adopt_definition(&self, id: &str, for_ms: u64) -> Result<(), Error> {
        let until = self.time().await?.saturating_add(for_ms);
        self.send(redis::cmd("ZADD").arg(self.keys.kept()).arg("NX").arg(until).arg(id)).await.map(drop)
    }

    pub(super) async fn keep_definitions(&self, kept: &[(&str, u64)]) -> Result<Vec<String>, Error> {
        let index = self.keys.kept();
        let mut call = Call::new(&script::KEEP, vec![index.clone()]).arg(SWEPT_MS);
        for (id, for_ms) in kept {
            call = call.arg(*id).arg(for_ms);
        }
        let mut reply = self.run(call).await?;
        let mut removed = Vec::new();
        while let Some(id) = reply.text() {
            let call = Call::new(&script::FORGET, vec![index.clone(), self.keys.definition(&id)]).arg(&id);
            if self.run(call).await?.require()? == 1 {
                removed.push(id);
            }
        }
        Ok(removed)
    }
}
