package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	api "k8s.io/client-go/tools/clientcmd/api/v1"
)

// cluster is the name of cluster, user and context in every kubeconfig.
const cluster = "control-plane"

// kubeconfig prints the kubeconfig of one more user, who may do what RBAC lets the name and the groups do.
func kubeconfig(args []string) error {
	flags := flag.NewFlagSet("kubeconfig", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the control plane")
	user := flags.String("user", "", "name of the user")
	var groups list
	flags.Var(&groups, "group", "a group of the user's; may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" || *user == "" || flags.NArg() > 0 {
		return errors.New("kubeconfig needs --dir and --user, and nothing else than --group")
	}
	ca, err := loadAuthority(*dir)
	if err != nil {
		return err
	}
	p, err := loadPorts(*dir)
	if err != nil {
		return err
	}
	text, err := ca.kubeconfig(p, *user, groups)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

// kubeconfig is written as JSON, which every reader of YAML takes. It refers to no other file.
func (a *authority) kubeconfig(p ports, user string, groups []string) ([]byte, error) {
	cert, key, err := a.client(user, groups)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(api.Config{
		Kind:       "Config",
		APIVersion: "v1",
		Clusters: []api.NamedCluster{{Name: cluster, Cluster: api.Cluster{
			Server: p.apiserverURL(), CertificateAuthorityData: a.pem,
		}}},
		AuthInfos: []api.NamedAuthInfo{{Name: user, AuthInfo: api.AuthInfo{
			ClientCertificateData: cert, ClientKeyData: key,
		}}},
		Contexts:       []api.NamedContext{{Name: cluster, Context: api.Context{Cluster: cluster, AuthInfo: user}}},
		CurrentContext: cluster,
	}, "", "  ")
	return append(text, '\n'), err
}

// writeAdmin writes the kubeconfig of the one who may do everything, and gives its path.
func (a *authority) writeAdmin(dir string, p ports) (string, error) {
	text, err := a.kubeconfig(p, "admin", []string{"system:masters"})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kubeconfig")
	return path, writeWhole(path, text)
}

// writeWhole never leaves half a file for one who reads meanwhile.
func writeWhole(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	if value == "" {
		return fmt.Errorf("it may not be empty")
	}
	*l = append(*l, value)
	return nil
}
