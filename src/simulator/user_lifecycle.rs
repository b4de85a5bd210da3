pub(super) const ROUTES: &[super::http::Route] = &[];
