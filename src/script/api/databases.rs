//! What a fault can do to databases, which it names by their URLs.

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult};

use super::basics::duration_of;
use super::breaking::count_of;
use super::faults::{Fault, on_the_side};
use crate::chaos::{Touches, database};
use crate::units;

/// A database, by its URL.
#[derive(Clone)]
pub struct FaultRedis {
    fault: Fault,
    url: String,
}

/// A database, by its URL.
#[derive(Clone)]
pub struct FaultPostgres {
    fault: Fault,
    url: String,
}

#[export_module]
pub mod database_types {
    /// A Redis server: `redis://:password@127.0.0.1:6379`.
    #[rhai_fn(pure)]
    pub fn redis(fault: &mut Fault, url: &str) -> FaultRedis {
        FaultRedis {
            fault: fault.clone(),
            url: url.to_owned(),
        }
    }

    /// Holds up all clients (`CLIENT PAUSE`) until the fault is over.
    #[rhai_fn(name = "pause", return_raw, pure)]
    pub fn pause_redis(redis: &mut FaultRedis) -> Result<(), Box<EvalAltResult>> {
        let url = redis.url.clone();
        on_the_side(&redis.fault, Touches::Database, move |ledger, id, chaos| {
            chaos.check_url(&url).map_err(|why| why.to_string())?;
            let held = database::redis::pause(ledger, id, &url, false, chaos.longest(id));
            held.map(|_| ((), "Redis pauses its clients".to_owned()))
                .map_err(|why| why.to_string())
        })
    }

    /// Lets the server sleep this long again and again (`DEBUG SLEEP`), where it may.
    #[rhai_fn(name = "slow", return_raw, pure)]
    pub fn slow_redis(redis: &mut FaultRedis, nap: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let (url, nap) = (redis.url.clone(), duration_of(&nap)?);
        on_the_side(&redis.fault, Touches::Database, move |ledger, id, chaos| {
            chaos.check_url(&url).map_err(|why| why.to_string())?;
            let held = database::redis::slow(ledger, id, &url, nap, chaos.longest(id));
            let told = format!("Redis sleeps {} at a time", units::format_duration(nap));
            held.map(|_| ((), told)).map_err(|why| why.to_string())
        })
    }

    /// Opens so many connections and holds them.
    #[rhai_fn(name = "exhaust", return_raw, pure)]
    pub fn exhaust_redis(
        redis: &mut FaultRedis,
        connections: i64,
    ) -> Result<i64, Box<EvalAltResult>> {
        let (url, count) = (
            redis.url.clone(),
            count_of(connections, "a number of connections")?,
        );
        on_the_side(&redis.fault, Touches::Database, move |ledger, id, chaos| {
            chaos.check_url(&url).map_err(|why| why.to_string())?;
            let held = database::redis::exhaust(ledger, id, &url, count, chaos.longest(id));
            let held = held.map_err(|why| why.to_string())?;
            Ok((
                held.count as i64,
                format!("{} connections to Redis held", held.count),
            ))
        })
    }

    /// A PostgreSQL server: `postgres://user:password@127.0.0.1:5432/database`.
    #[rhai_fn(pure)]
    pub fn postgres(fault: &mut Fault, url: &str) -> FaultPostgres {
        FaultPostgres {
            fault: fault.clone(),
            url: url.to_owned(),
        }
    }

    /// Locks a table for everybody else until the fault is over.
    #[rhai_fn(name = "lock", return_raw, pure)]
    pub fn lock_postgres(
        postgres: &mut FaultPostgres,
        table: &str,
    ) -> Result<(), Box<EvalAltResult>> {
        let (url, table) = (postgres.url.clone(), table.to_owned());
        on_the_side(
            &postgres.fault,
            Touches::Database,
            move |ledger, id, chaos| {
                chaos.check_url(&url).map_err(|why| why.to_string())?;
                let held =
                    database::postgres::lock_table(ledger, id, &url, &table, chaos.longest(id));
                held.map(|_| ((), format!("table `{table}` locked")))
                    .map_err(|why| why.to_string())
            },
        )
    }

    /// Ends the connections of all other clients of the database, once. Gives how many.
    #[rhai_fn(name = "terminate", return_raw, pure)]
    pub fn terminate_postgres(postgres: &mut FaultPostgres) -> Result<i64, Box<EvalAltResult>> {
        let url = postgres.url.clone();
        on_the_side(&postgres.fault, Touches::Database, move |_, _, chaos| {
            chaos.check_url(&url).map_err(|why| why.to_string())?;
            let count = database::postgres::terminate(&url).map_err(|why| why.to_string())?;
            Ok((
                count as i64,
                format!("{count} connections to PostgreSQL ended"),
            ))
        })
    }

    /// Ends the connections of all other clients of the database, again and again at this interval.
    #[rhai_fn(name = "terminate", return_raw, pure)]
    pub fn terminate_postgres_every(
        postgres: &mut FaultPostgres,
        every: Dynamic,
    ) -> Result<i64, Box<EvalAltResult>> {
        let (url, every) = (postgres.url.clone(), duration_of(&every)?);
        on_the_side(
            &postgres.fault,
            Touches::Database,
            move |ledger, id, chaos| {
                chaos.check_url(&url).map_err(|why| why.to_string())?;
                let held =
                    database::postgres::terminate_every(ledger, id, &url, every, chaos.longest(id));
                let held = held.map_err(|why| why.to_string())?;
                let told = format!(
                    "connections to PostgreSQL ended every {}",
                    units::format_duration(every)
                );
                Ok((held.count as i64, told))
            },
        )
    }

    /// Opens all connections that the server allows, and holds them.
    #[rhai_fn(name = "exhaust", return_raw, pure)]
    pub fn exhaust_postgres(postgres: &mut FaultPostgres) -> Result<i64, Box<EvalAltResult>> {
        let url = postgres.url.clone();
        on_the_side(
            &postgres.fault,
            Touches::Database,
            move |ledger, id, chaos| {
                chaos.check_url(&url).map_err(|why| why.to_string())?;
                let held = database::postgres::exhaust(ledger, id, &url, None, chaos.longest(id));
                let held = held.map_err(|why| why.to_string())?;
                Ok((
                    held.count as i64,
                    format!("{} connections to PostgreSQL held", held.count),
                ))
            },
        )
    }

    /// Keeps the server busy with so many costly queries.
    #[rhai_fn(name = "slow", return_raw, pure)]
    pub fn slow_postgres(
        postgres: &mut FaultPostgres,
        workers: i64,
    ) -> Result<(), Box<EvalAltResult>> {
        let (url, workers) = (
            postgres.url.clone(),
            count_of(workers, "a number of queries")?,
        );
        on_the_side(
            &postgres.fault,
            Touches::Database,
            move |ledger, id, chaos| {
                chaos.check_url(&url).map_err(|why| why.to_string())?;
                let held = database::postgres::slow(ledger, id, &url, workers, chaos.longest(id));
                let told = format!("{workers} costly queries keep PostgreSQL busy");
                held.map(|_| ((), told)).map_err(|why| why.to_string())
            },
        )
    }
}
