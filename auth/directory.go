package auth

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// directory is a conversation with an LDAP server about one user.
type directory struct {
	*LDAP
	conn *ldap.Conn
}

// userDN and userFilter are the only places where a name that a stranger typed becomes a part of what a directory parses.
func userDN(object, name, base string) string { return object + "=" + ldap.EscapeDN(name) + "," + base }
func userFilter(object, name string) string {
	return "(" + object + "=" + ldap.EscapeFilter(name) + ")"
}

// bind tries every place where the user may be. That one of them could not be tried counts only if no other one takes the password.
func (d directory) bind(name, password string) (spelled string, err error) {
	result := ErrWrongPassword
	for _, object := range d.o.UserObjects {
		for _, base := range d.o.Bases {
			dn := userDN(object, name, base)
			err := d.conn.Bind(dn, password)
			switch {
			case err == nil:
				return d.spelling(dn, object, name)
			case broken(err):
				return "", err
			case !refused(err):
				result = fmt.Errorf("bind below %s: %w", base, err)
			}
		}
	}
	return "", result
}

// searchAndBind binds as the first entry that has the name. It never goes on to a further one after a wrong password: else whoever
// may write an attribute of their own entry could take the name of another.
func (d directory) searchAndBind(name, password string) (spelled string, err error) {
	entry, object, err := d.find(name)
	if err != nil {
		return "", err
	}
	switch err := d.conn.Bind(entry.DN, password); {
	case err == nil:
		return spelledAs(entry.GetEqualFoldAttributeValues(object), name), nil
	case refused(err):
		return "", ErrWrongPassword
	default:
		return "", fmt.Errorf("bind as the user: %w", err)
	}
}

// find searches as the service account.
func (d directory) find(name string) (entry *ldap.Entry, object string, err error) {
	if err := d.conn.Bind(d.o.ServiceDN, d.o.ServicePassword); err != nil {
		return nil, "", fmt.Errorf("bind as the service account: %w", err)
	}
	result := ErrNoUser
	for _, object := range d.o.UserObjects {
		for _, base := range d.o.Bases {
			found, err := d.search(base, ldap.ScopeWholeSubtree, userFilter(object, name), object)
			switch {
			case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded), err == nil && len(found) > 1:
				return nil, "", fmt.Errorf("search below %s: several entries have the same %s", base, object)
			case err == nil && len(found) == 1:
				return found[0], object, nil
			case err != nil && broken(err):
				return nil, "", err
			case err != nil:
				result = fmt.Errorf("search below %s: %w", base, err)
			}
		}
	}
	return nil, "", result
}

// spelling reads the name from the user's own entry.
func (d directory) spelling(dn, object, name string) (string, error) {
	found, err := d.search(dn, ldap.ScopeBaseObject, "(objectClass=*)", object)
	switch {
	case err != nil && broken(err):
		return "", err
	case err != nil || len(found) == 0:
		return name, nil
	}
	return spelledAs(found[0].GetEqualFoldAttributeValues(object), name), nil
}

func (d directory) search(base string, scope int, filter, attribute string) ([]*ldap.Entry, error) {
	const most = 2
	found, err := d.conn.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, most, int(d.o.Timeout.Seconds()), false,
		filter, []string{attribute}, nil))
	if err != nil {
		return nil, err
	}
	return found.Entries, nil
}

// spelledAs picks the value that the directory took for the typed name.
func spelledAs(values []string, name string) string {
	fold := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, v := range values {
		if strings.EqualFold(fold(v), fold(name)) && nameable(v) {
			return v
		}
	}
	if len(values) > 0 && nameable(values[0]) {
		return values[0]
	}
	return name
}

// refused tells a directory's no to this user from a fault: wrong password, no such entry, locked, or not one to sign in with.
func refused(err error) bool {
	return ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidCredentials, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax,
		ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultConstraintViolation,
		ldap.LDAPResultUnwillingToPerform)
}

// broken: nothing more can be asked on this connection.
func broken(err error) bool {
	var answer *ldap.Error
	return !errors.As(err, &answer) || answer.ResultCode >= ldap.ErrorNetwork
}
