-- A help desk's answered tickets, with the full-text search that Postgres has: psql ADDRESS -f examples/tickets.sql
DROP TABLE IF EXISTS tickets;
CREATE TABLE tickets (
    id integer PRIMARY KEY,
    title text NOT NULL,
    answer text NOT NULL,
    search tsvector GENERATED ALWAYS AS
        (setweight(to_tsvector('english', title), 'A') || to_tsvector('english', answer)) STORED
);
CREATE INDEX tickets_by_word ON tickets USING gin (search);
INSERT INTO tickets (id, title, answer) VALUES
(1017, 'How much is an allotment, and how long is the wait?',
 'A standard plot of 150 square metres costs 36 dorrins a year. The waiting time at Mill Field is about two years; on Ossick a plot can often be had at once. Apply on the card at the gate of the site.'),
(1024, 'Do I need a permit for a garden shed?',
 'Not below nine square metres. Anything larger needs form B7, a site plan and two drawings; small works cost 65 dorrins, and the planning office decides within six weeks.'),
(1031, 'When does the last bus leave Port Ondrel?',
 'The last bus of Line 1 leaves at 23:10, that of Line 2 at 22:55. After that a shared taxi can be ordered on 5544.'),
(1038, 'Is there a cheaper bus pass for pensioners?',
 'Yes. A monthly pass costs 40 dorrins, and 24 dorrins for people over 67. The driver sells it.'),
(1046, 'Who fits smoke alarms?',
 'Smoke alarms are compulsory in all bedrooms. The fire brigade fits them free of charge for people who live alone.'),
(1052, 'What does a berth for my own boat cost?',
 'A yearly berth for residents costs 410 dorrins, and the waiting time is about three years. The harbour office keeps the list.'),
(1057, 'I am ill at night. Whom do I call?',
 'A nurse of the Fasker Clinic answers on 5511 at night and at weekends and decides whether a doctor should come. For fire and accidents call 5500.'),
(1063, 'How do I put a question to the Island Council?',
 'Meetings are on the second Tuesday of each month at 18:30, except in August. They begin with twenty minutes for questions of residents, two minutes each, without notice.'),
(1070, 'Can I appeal against a refused building permit?',
 'Yes, within 21 days of the decision, in writing, at the planning office in Gravenmoor House.'),
(1078, 'Where did my lost umbrella go?',
 'Hask Coaches keep lost property at the depot in Tamrick for six months. Then it is given to the school for its summer sale.'),
(1085, 'May I keep hens on my plot?',
 'Hens are welcome on allotments; cockerels are forbidden. Huts may cover six square metres and must be green or brown.'),
(1091, 'When is the pharmacy open?',
 'The pharmacy on Capstan Street is open on weekdays until 18:30 and on Saturdays until 12:30.');
