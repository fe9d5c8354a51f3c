package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"yardmaster/executors/backend"
)

// passings are what a broker answers while what was asked for is under way, by this call or another: it is looked at again.
var passings = []error{
	kerr.TopicAlreadyExists, // another was faster; or it is being dropped
	kerr.InvalidPartitions,  // another has added some
	kerr.LeaderNotAvailable, // it has just been made
	kerr.NotController,
	kerr.ReassignmentInProgress,
}

// refusals are what a broker answers to a user.
var refusals = []error{
	kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism,
	kerr.IllegalSaslState, kerr.SecurityDisabled, kerr.TopicDeletionDisabled,
}

// faulty is what a broker answers to a request that will never do.
var faulty = []error{
	kerr.InvalidTopicException, kerr.InvalidPartitions, kerr.InvalidReplicationFactor, kerr.InvalidReplicaAssignment,
	kerr.InvalidConfig, kerr.InvalidRequest, kerr.PolicyViolation, kerr.UnsupportedVersion,
}

func passing(err error) bool { return among(err, passings) }

func among(err error, list []error) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// because adds what the broker said beside a code.
func because(err error, message string) error {
	if message == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, message)
}

// fault is what the error of a call means.
func (a *Admin) fault(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	return a.calls.Fault(ctx, what, meaning(err), backend.Told(err.Error(), a.password))
}

func meaning(err error) error {
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return backend.ErrNotFound
	case among(err, refusals):
		return backend.ErrForbidden
	case among(err, faulty):
		return backend.ErrInvalid
	}
	return backend.ErrUnavailable
}
