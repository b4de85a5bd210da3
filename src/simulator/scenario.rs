pub struct Scenario {}
