//! Lists in pages: the memory of a pass follows the page, not the cluster.

use serde::de::DeserializeOwned;

use super::client::Cluster;
use super::error::{ApiError, Meaning};
use super::requests::List;
use super::wire::{Cell, Page, Row, Table};

/// How often a list is begun anew because its continue token grew too old.
const RESTARTS: usize = 3;

impl Cluster {
    /// All items of a list, each made smaller by `keep` (or dropped) before the next page is fetched.
    pub(super) async fn list<T: DeserializeOwned, K>(
        &self,
        list: &List,
        keep: impl Fn(T) -> Option<K>,
    ) -> Result<Vec<K>, ApiError> {
        for _ in 0..RESTARTS {
            match self.list_once(list, &keep).await {
                Err(error) if error.meaning() == Meaning::Expired => {
                    log::debug!(
                        "list {}: the continue token has expired; again from the start",
                        list.resource()
                    );
                }
                result => return result,
            }
        }
        self.list_once(list, &keep).await
    }

    async fn list_once<T: DeserializeOwned, K>(
        &self,
        list: &List,
        keep: &impl Fn(T) -> Option<K>,
    ) -> Result<Vec<K>, ApiError> {
        let (mut kept, mut token) = (Vec::new(), None);
        loop {
            let page: Page<T> = self.json(&list.page(token.as_deref())).await?;
            kept.extend(page.items.into_iter().filter_map(keep));
            token = Some(page.metadata.next).filter(|next| !next.is_empty());
            if token.is_none() {
                return Ok(kept);
            }
        }
    }

    /// The items of a list among which a row of `kubectl get` looks `suspicious`, and their neighbours:
    /// a page without such a row costs a small fraction of the page itself. Falls back to full pages
    /// where tables aren't served.
    pub(super) async fn list_suspicious<T: DeserializeOwned, K>(
        &self,
        list: &List,
        suspicious: impl Fn(&Cells<'_>) -> bool,
        keep: impl Fn(T) -> Option<K>,
    ) -> Result<Vec<K>, ApiError> {
        for _ in 0..RESTARTS {
            match self.list_suspicious_once(list, &suspicious, &keep).await {
                Err(error) if error.meaning() == Meaning::Expired => {}
                Err(error) if error.meaning() == Meaning::NotAcceptable => break,
                Ok(None) => break,
                Ok(Some(kept)) => return Ok(kept),
                Err(error) => return Err(error),
            }
        }
        log::debug!("list {}: without tables", list.resource());
        self.list(list, keep).await
    }

    async fn list_suspicious_once<T: DeserializeOwned, K>(
        &self,
        list: &List,
        suspicious: &impl Fn(&Cells<'_>) -> bool,
        keep: &impl Fn(T) -> Option<K>,
    ) -> Result<Option<Vec<K>>, ApiError> {
        let (rows, objects) = (list.clone().table(), list.clone().full());
        let (mut kept, mut token) = (Vec::new(), None::<String>);
        loop {
            let table: Table = self.json(&rows.page(token.as_deref())).await?;
            if table.kind != "Table" {
                return Ok(None);
            }
            let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
            if table.rows.iter().any(|row| suspicious(&Cells { columns: &columns, row })) {
                // The same token shows the same snapshot; of the first page, the newest one.
                let page: Page<T> = self.json(&objects.page(token.as_deref())).await?;
                kept.extend(page.items.into_iter().filter_map(keep));
            }
            token = Some(table.metadata.next).filter(|next| !next.is_empty());
            if token.is_none() {
                return Ok(Some(kept));
            }
        }
    }
}

/// A row of a table, by its columns' names.
pub(super) struct Cells<'a> {
    columns: &'a [&'a str],
    row: &'a Row,
}

impl Cells<'_> {
    /// The text in a column; `None` where there is no such column or it holds no text.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        let index = self.columns.iter().position(|name| *name == column)?;
        match self.row.cells.get(index)? {
            Cell::Text(text) => Some(text),
            Cell::Other(_) => None,
        }
    }
}
