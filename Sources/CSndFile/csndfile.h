// libsndfile, where the package is built with the trait SndFile.
#include <sndfile.h>
