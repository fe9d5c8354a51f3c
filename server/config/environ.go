package config

import "regexp"

// serviceLink matches what Kubernetes sets for a service named yardmaster or yardmaster-*.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_.*)?)$`)

// environment applies the YARDMASTER_ variables. One that names no key is only
// warned of: the variables of a process are not all its operator's.
func (l *loader) environment(env map[string]string) error {
	known := map[string]bool{envConfig: true, envHeketiConfig: true, envVMPoolerConfig: true, envStackTachConfig: true}
	for _, o := range Options() {
		name := o.Env()
		known[name] = true
		value, ok := env[name]
		if !ok {
			continue
		}
		if err := l.put(o.Key, value, origin{rank: rankEnv, where: name}); err != nil {
			return err
		}
	}
	for _, name := range keysOf(env) {
		if len(name) > len(envPrefix) && name[:len(envPrefix)] == envPrefix && !known[name] && !serviceLink.MatchString(name) {
			l.warn("%s: no such setting%s", clip(name), meant(name, keysOf(known)))
		}
	}
	return nil
}

func meant(word string, known []string) string {
	if like := closest(word, known); like != "" {
		return " (did you mean " + like + "?)"
	}
	return ""
}
