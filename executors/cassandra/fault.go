package cassandra

import (
	"errors"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"yardmaster/executors/backend"
)

// noCode is the code of an error that no node has answered with.
const noCode = -1

// code is what a node has answered.
func code(err error) int {
	var answer gocql.RequestError
	if errors.As(err, &answer) {
		return answer.Code()
	}
	return noCode
}

// meaning is the sentinel for an error of a call. What a node could not do now, another or the next time may.
func meaning(err error) error {
	if errors.Is(err, gocql.ErrNotFound) {
		return backend.ErrNotFound
	}
	if errors.Is(err, errNobody) {
		return backend.ErrForbidden
	}
	switch code(err) {
	case gocql.ErrCodeCredentials, gocql.ErrCodeUnauthorized:
		return backend.ErrForbidden
	case gocql.ErrCodeSyntax, gocql.ErrCodeInvalid, gocql.ErrCodeConfig:
		return backend.ErrInvalid
	}
	return backend.ErrUnavailable
}
