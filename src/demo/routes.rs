//! The list of endpoints: for labels of metrics, for faults, and for whoever asks for a path that is not there.

/// An endpoint's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Route {
    Live,
    Ready,
    Webhook,
    Availability,
    RoomTypes,
    Reservations,
    Reservation,
    Confirm,
    Cancel,
    Login,
    Stats,
    Reset,
    Switches,
    Pms,
    Metrics,
    /// Any other path.
    Other,
}

impl Route {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 16] = [
        Self::Live,
        Self::Ready,
        Self::Webhook,
        Self::Availability,
        Self::RoomTypes,
        Self::Reservations,
        Self::Reservation,
        Self::Confirm,
        Self::Cancel,
        Self::Login,
        Self::Stats,
        Self::Reset,
        Self::Switches,
        Self::Pms,
        Self::Metrics,
        Self::Other,
    ];

    /// Those that exist.
    pub const KNOWN: &[Self] = Self::ALL.split_at(Self::Other as usize).0;

    /// The path, with `{id}` for a reservation's number.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Live => "/health/live",
            Self::Ready => "/health/ready",
            Self::Webhook => "/api/v1/webhooks/whatsapp",
            Self::Availability => "/api/v1/pms/availability",
            Self::RoomTypes => "/api/v1/pms/room-types",
            Self::Reservations => "/api/v1/reservations",
            Self::Reservation => "/api/v1/reservations/{id}",
            Self::Confirm => "/api/v1/reservations/{id}/confirm",
            Self::Cancel => "/api/v1/reservations/{id}/cancel",
            Self::Login => "/api/v1/admin/login",
            Self::Stats => "/api/v1/admin/stats",
            Self::Reset => "/api/v1/admin/reset",
            Self::Switches => "/api/v1/admin/resilience",
            Self::Pms => "/api/v1/admin/pms",
            Self::Metrics => "/metrics",
            Self::Other => "other",
        }
    }

    /// The methods it answers, as people read them.
    const fn methods(self) -> &'static str {
        match self {
            Self::Webhook | Self::Reservations => "GET, POST",
            Self::Confirm
            | Self::Cancel
            | Self::Login
            | Self::Reset
            | Self::Switches
            | Self::Pms => "POST",
            _ => "GET",
        }
    }

    /// The endpoint that serves a path.
    pub fn of(path: &str) -> Self {
        if let Some(rest) = path.strip_prefix("/api/v1/reservations/") {
            return match rest.split_once('/') {
                None if !rest.is_empty() => Self::Reservation,
                Some((id, "confirm")) if !id.is_empty() => Self::Confirm,
                Some((id, "cancel")) if !id.is_empty() => Self::Cancel,
                _ => Self::Other,
            };
        }
        Self::KNOWN
            .iter()
            .copied()
            .find(|route| route.path() == path)
            .unwrap_or(Self::Other)
    }
}

/// Every endpoint as `METHODS PATH`.
pub fn listing() -> Vec<String> {
    Route::KNOWN
        .iter()
        .map(|route| format!("{} {}", route.methods(), route.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_to_its_own_route() {
        for (place, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!(Route::of(&route.path().replace("{id}", "R00000001")), route);
            assert_eq!(route as usize, place);
        }
    }

    #[test]
    fn paths_that_only_resemble_an_endpoint_are_others() {
        for path in [
            "/",
            "",
            "/health",
            "/api/v1/reservations/",
            "/api/v1/reservations/R1/",
            "/api/v1/reservations//confirm",
        ] {
            assert_eq!(Route::of(path), Route::Other, "{path}");
        }
    }
}
