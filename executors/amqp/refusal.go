package amqp

import (
	"errors"
	"fmt"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// declareError says what stood against the declaring of what.
func declareError(what string, err error) error {
	var said *amqp091.Error
	if !errors.As(err, &said) {
		return fmt.Errorf("%s: %w", what, err)
	}
	switch {
	case said.Server && said.Code == amqp091.PreconditionFailed:
		return fmt.Errorf("%s: %w: %s", what, ErrConflict, said.Reason)
	case said.Server && said.Code == amqp091.AccessRefused:
		return fmt.Errorf("%s: %w: %s", what, ErrRefused, said.Reason)
	}
	return fmt.Errorf("%s: %w: %s", what, ErrDown, said.Reason)
}

// settled says that trying again soon will not help: somebody has to change something first.
func settled(err error) bool { return errors.Is(err, ErrRefused) || errors.Is(err, ErrConflict) }
