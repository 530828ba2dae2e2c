add_to_index(KEYS[1], ARGV[1], ARGV[2])
tidy_index(KEYS[1], ARGV[3], ARGV[4])
return 1
