package amqp

import amqp091 "github.com/rabbitmq/amqp091-go"

// signIn is user and password, and the wish to be told if they are refused. Without it the broker waits, hangs up and says nothing,
// which looks like a broker that goes down. The library does not put the wish among what it tells of itself, and overwrites what
// others put there; the response is asked for after that, and before any of it is sent.
type signIn struct {
	amqp091.PlainAuth
	properties amqp091.Table
}

func (s *signIn) Response() string {
	if can, ok := s.properties["capabilities"].(amqp091.Table); ok {
		can["authentication_failure_close"] = true
	}
	return s.PlainAuth.Response()
}
