# Scores messages by SpamAssassin's rules that need no network and no training, one JSON object a line:
# {RULE: points}. Run by tools/spamassassin.sh.
# usage: score.pl FILE...
use strict;
use warnings;
use File::Temp 'tempdir';
use JSON::PP;
use Mail::SpamAssassin;

my $home = tempdir(CLEANUP => 1);
my $root = $ENV{SPAMASSASSIN_ROOT};
my %places = !$root ? () : (
    PREFIX               => "$root/usr",
    rules_filename       => "$root/usr/share/spamassassin",
    site_rules_filename  => "$root/etc/spamassassin",
    LOCAL_STATE_DIR      => $home,
);
my $spamassassin = Mail::SpamAssassin->new({
    %places,
    local_tests_only     => 1,
    dont_copy_prefs      => 1,
    userprefs_filename   => '/dev/null',
    userstate_dir        => $home,
    home_dir_for_helpers => $home,
    post_config_text     => "use_bayes 0\nuse_auto_welcomelist 0\n",
});
$spamassassin->init(0);
my $conf = $spamassassin->{conf};
die "There are no rules: SpamAssassin is not whole.\n" if keys %{ $conf->{scores} } < 1000;

for my $file (@ARGV) {
    open my $handle, '<:raw', $file or die "$file: $!\n";
    my $bytes = do { local $/ = undef; <$handle> };
    my $message = $spamassassin->parse($bytes, 1);
    my $status = $spamassassin->check($message);
    my %points = map { $_ => 0 + ($conf->{scores}{$_} // 0) } @{ $status->{test_names_hit} };
    print JSON::PP->new->canonical->ascii->encode(\%points), "\n";
    $status->finish;
    $message->finish;
}
