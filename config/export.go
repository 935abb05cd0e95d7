package config

// Export returns the configuration as one YAML file: all files and the command
// line merged, keys sorted, paths included and references as they were written.
// What the keys mean is not looked at.
func Export(args Args) ([]byte, error) {
	root, err := merged(args, &secrets{})
	if err != nil {
		return nil, err
	}
	return root.YAML()
}
