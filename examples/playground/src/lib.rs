//! What the playgrounds of all frameworks share: the page, the texts of the API, the settings.
