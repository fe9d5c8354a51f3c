package events

// LastID is the last id that was given to an event of a service, 0 if there was none. It stays when events are taken away.
func (t *Tx) LastID(s Service) (int64, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return 0, err
	}
	return shelf.last, nil
}
