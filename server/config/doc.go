// Package config turns a YAML file, the environment, the command line and, for
// those who come from Heketi, vmpooler or StackTach, a heketi.json, a
// vmpooler.yaml and a deployments.json into one checked Config.
//
// One table (Options) names every key with its environment variable, flag,
// default and help; the loaders, the usage text and the reference page are all
// read from it. From weak to strong: default, heketi.json, HEKETI_ variables,
// vmpooler.yaml, vmpooler's variables, deployments.json, YAML file, YARDMASTER_
// variables, flags.
//
// The package refuses to guess: an unknown key, a value out of range or a file
// that cannot be read is an error of one line that names the key. It opens
// nothing itself, starts nothing, and never shows a secret.
package config
