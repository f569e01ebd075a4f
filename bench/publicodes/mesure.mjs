// Le modèle social de l'URSSAF (publicodes), un bulletin après l'autre : JSON sur l'entrée, JSON sur la sortie.
// Entrée : {"situations": [{règle: valeur}], "regles": [nom]} ; sortie : {"version", "secondes": [par bulletin]}.
// Le temps de lire les règles et de construire le moteur n'est pas compté : il ne se paie qu'une fois.

import { readFileSync } from 'node:fs'

import regles from 'modele-social'
import Engine from 'publicodes'

const muet = { log() {}, warn() {}, error() {} }
const moteur = new Engine(regles, { logger: muet })
const demande = JSON.parse(readFileSync(0, 'utf-8'))

function calculer(situation) {
  moteur.setSituation(situation)
  return demande.regles.map((nom) => moteur.evaluate(nom).nodeValue)
}

calculer(demande.situations[0])
const secondes = []
const valeurs = []
for (const situation of demande.situations) {
  const debut = performance.now()
  valeurs.push(calculer(situation))
  secondes.push((performance.now() - debut) / 1000)
}
const version = ['publicodes', 'modele-social'].map(
  (nom) => `${nom} ${JSON.parse(readFileSync(`node_modules/${nom}/package.json`, 'utf-8')).version}`,
)
console.log(JSON.stringify({ version: version.join(', '), secondes, valeurs }))
