package terraformcli

import (
	"os"
	"path/filepath"
)

// plugins is the folder in which terraform init and tofu init look for providers by themselves, unless the user's command-line
// configuration has a provider_installation block. What they find there they look for nowhere else.
func plugins() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".terraform.d", "plugins"), nil
}

// Install puts the provider binary where init looks by itself, as that version, and returns the folder. Other versions stay: a working
// folder keeps the one that its lock file names until it is initialised with -upgrade.
func Install(binary, version string) (folder string, err error) {
	folder, err = plugins()
	if err != nil {
		return "", err
	}
	return folder, layOut(folder, binary, version)
}

// Uninstall removes all versions of the provider from the folder of [Install], and returns the folder.
func Uninstall() (folder string, err error) {
	folder, err = plugins()
	if err != nil {
		return "", err
	}
	for _, host := range hosts {
		if err := os.RemoveAll(filepath.Join(folder, host, Source)); err != nil {
			return "", err
		}
	}
	return folder, nil
}
