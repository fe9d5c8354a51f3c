package auth

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
)

var hostile = []string{"ada", "*", "ada)(uid=*", "a)(|(uid=*", `\`, `\2a`, "ada,ou=others", "a+cn=b", "#0401", " ", "a=b", `"a"`, "a;b", "é", "a\u200bb"}

func FuzzANameIsOneValueOfADN(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	base, err := ldap.ParseDN("ou=people,dc=yard")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !nameable(name) {
			return
		}
		dn, err := ldap.ParseDN(userDN("uid", name, "ou=people,dc=yard"))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		first := dn.RDNs[0].Attributes
		if len(dn.RDNs) != 3 || len(first) != 1 || first[0].Value != name || !base.AncestorOf(dn) {
			t.Errorf("%q became %s", name, dn)
		}
	})
}

func FuzzANameIsOneValueOfAFilter(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !nameable(name) {
			return
		}
		filter, err := ldap.CompileFilter(userFilter("uid", name))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if filter.Tag != ldap.FilterEqualityMatch || len(filter.Children) != 2 || filter.Children[1].Data.String() != name {
			back, _ := ldap.DecompileFilter(filter)
			t.Errorf("%q became %s", name, back)
		}
	})
}
